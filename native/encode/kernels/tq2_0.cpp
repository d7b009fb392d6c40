#include "quant/tq2_0.h"

#include "encode/kernels/shared_blocks.h"
#include "encode/kernels/two_bits.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-1, 1};
constexpr ScaledPlan plan{0, 1, -0.5f, 0, 30, 4, 4};

void run(const Row& row, void* blocks) {
  encode_shared<quant::TQ2_0::Block, 16>(row, blocks, grid, plan, 1,
                                         [](const uint8_t* q, quant::TQ2_0::Block& out) { pack_two_bits(q, out.qs); });
}

}  // namespace

const Encoder encode_tq2_0{35, run};

}  // namespace lt::encode::LT_ISA
