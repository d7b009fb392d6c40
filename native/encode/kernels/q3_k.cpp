#include "quant/q3_k.h"

#include "encode/kernels/super_scaled.h"
#include "encode/kernels/two_bits.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-4, 3};
constexpr SuperScaledPlan plan{{16, 10, 0.8f, 0.12f, 4, 3, 4}, -32, 31, 12, 3};

// The reverse of quant::Q3_K::scale(); s: two's complement.
void pack_scales(const uint8_t* s, uint8_t* out) {
  uint8_t scale[16];
  for (int k = 0; k < 16; k++) scale[k] = static_cast<uint8_t>(s[k] + 32);
  for (int k = 0; k < 8; k++) out[k] = static_cast<uint8_t>((scale[k] & 15) | (scale[k + 8] & 15) << 4);
  for (int k = 0; k < 4; k++) {
    out[8 + k] = static_cast<uint8_t>(scale[k] >> 4 | scale[k + 4] >> 4 << 2 | scale[k + 8] >> 4 << 4 | scale[k + 12] >> 4 << 6);
  }
}

void pack(const uint8_t* q, const uint8_t* scale, quant::Q3_K::Block& out) {
  pack_scales(scale, out.scales);
  pack_two_bits(q, out.qs);
  for (int l = 0; l < 32; l++) {
    int bits = 0;
    for (int k = 0; k < 8; k++) bits |= (q[32 * k + l] >> 2) << k;
    out.hmask[l] = static_cast<uint8_t>(bits);
  }
}

void run(const Row& row, void* blocks) { encode_super_scaled<quant::Q3_K::Block, 16>(row, blocks, grid, plan, 4, pack); }

}  // namespace

const Encoder encode_q3_k{11, run};

}  // namespace lt::encode::LT_ISA
