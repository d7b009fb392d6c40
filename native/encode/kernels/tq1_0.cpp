#include "quant/tq1_0.h"

#include "encode/kernels/shared_blocks.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-1, 1};
constexpr ScaledPlan plan{0, 1, -0.5f, 0, 30, 4, 4};

// The reverse of quant::TQ1_0::trit(): the trits, first the highest, as a fraction of 3^5 in units of 1/256, rounded up.
uint8_t byte_of(const uint8_t* q, int stride, int trits) {
  int value = 0;
  for (int t = 0; t < 5; t++) value = 3 * value + (t < trits ? q[t * stride] : 0);
  return static_cast<uint8_t>((value * 256 + 242) / 243);
}

void pack(const uint8_t* q, quant::TQ1_0::Block& out) {
  for (int l = 0; l < 32; l++) out.qs[l] = byte_of(q + l, 32, 5);
  for (int l = 0; l < 16; l++) out.qs[32 + l] = byte_of(q + 160 + l, 16, 5);
  for (int l = 0; l < 4; l++) out.qh[l] = byte_of(q + 240 + l, 4, 4);
}

void run(const Row& row, void* blocks) { encode_shared<quant::TQ1_0::Block, 16>(row, blocks, grid, plan, 1, pack); }

}  // namespace

const Encoder encode_tq1_0{34, run};

}  // namespace lt::encode::LT_ISA
