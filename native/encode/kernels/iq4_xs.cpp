#include "quant/iq4_xs.h"

#include "encode/kernels/nibbles.h"
#include "encode/kernels/super_scaled.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Iq4 grid;
constexpr Codes codes = Iq4::codes();
constexpr SuperScaledPlan plan{{16, 10, 12.0f, 4.0f, 3, 3, 4}, -32, 31, 12, 3};

void pack(const uint8_t* levels, const uint8_t* s, quant::IQ4_XS::Block& out) {
  uint8_t q[256];
  for (int i = 0; i < 256; i++) q[i] = codes.of[levels[i]];
  int high = 0;
  for (int k = 0; k < 8; k++) {
    const int scale = (s[k] + 32) & 63;
    high |= scale >> 4 << (2 * k);
    out.scales_l[k / 2] = static_cast<uint8_t>(k % 2 == 0 ? scale & 15 : out.scales_l[k / 2] | (scale & 15) << 4);
    pack_nibbles(q + 32 * k, out.qs + 16 * k);
  }
  out.scales_h = static_cast<uint16_t>(high);
}

void run(const Row& row, void* blocks) { encode_super_scaled<quant::IQ4_XS::Block, 32>(row, blocks, grid, plan, 0, pack); }

}  // namespace

const Encoder encode_iq4_xs{23, run};

}  // namespace lt::encode::LT_ISA
