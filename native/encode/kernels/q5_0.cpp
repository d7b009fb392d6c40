#include "quant/q5_0.h"

#include "encode/kernels/nibbles.h"
#include "encode/kernels/scaled_blocks.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-16, 15};
constexpr ScaledPlan plan{20, 10, 1.0f, 0.25f, 2, 3, 6};

void run(const Row& row, void* blocks) {
  encode_scaled<quant::Q5_0::Block>(row, blocks, grid, plan, 16,
                                    [](const uint8_t* q, quant::Q5_0::Block& out) { pack_nibbles(q, out.qs), pack_fifth_bits(q, out.qh); });
}

}  // namespace

const Encoder encode_q5_0{6, run};

}  // namespace lt::encode::LT_ISA
