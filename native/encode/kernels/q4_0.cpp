#include "quant/q4_0.h"

#include "encode/kernels/nibbles.h"
#include "encode/kernels/scaled_blocks.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-8, 7};
constexpr ScaledPlan plan{20, 10, 1.0f, 0.2f, 4, 3, 2};

void run(const Row& row, void* blocks) {
  encode_scaled<quant::Q4_0::Block>(row, blocks, grid, plan, 8, [](const uint8_t* q, quant::Q4_0::Block& out) { pack_nibbles(q, out.qs); });
}

}  // namespace

const Encoder encode_q4_0{2, run};

}  // namespace lt::encode::LT_ISA
