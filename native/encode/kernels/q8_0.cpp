#include "quant/q8_0.h"

#include "encode/kernels/scaled_blocks.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-127, 127};
constexpr ScaledPlan plan{0, 20, 0.6f, 0.5f, 0, 2, 1024};

void run(const Row& row, void* blocks) {
  encode_scaled<quant::Q8_0::Block>(row, blocks, grid, plan, 0,
                                    [](const uint8_t* q, quant::Q8_0::Block& out) { memcpy(out.qs, q, sizeof out.qs); });
}

}  // namespace

const Encoder encode_q8_0{8, run};

}  // namespace lt::encode::LT_ISA
