#include "quant/q2_0.h"

#include "encode/kernels/shared_blocks.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-1, 2};
constexpr ScaledPlan plan{1, 20, 0.6f, 0.12f, 8, 4, 4};

void pack(const uint8_t* q, quant::Q2_0::Block& out) {
  for (int i = 0; i < 16; i++) out.qs[i] = static_cast<uint8_t>(q[4 * i] | q[4 * i + 1] << 2 | q[4 * i + 2] << 4 | q[4 * i + 3] << 6);
}

void run(const Row& row, void* blocks) { encode_shared<quant::Q2_0::Block, 4>(row, blocks, grid, plan, 1, pack); }

}  // namespace

const Encoder encode_q2_0{42, run};

}  // namespace lt::encode::LT_ISA
