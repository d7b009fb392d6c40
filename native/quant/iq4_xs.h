// 256 values in the levels of IQ4_NL; eight sub-blocks of 32 with a 6-bit scale around 32: x = d * (scale - 32) * level[q].
#pragma once
#include "quant/iq4_nl.h"

namespace lt::quant {

struct IQ4_XS {
  static constexpr Type id = Type{23};
  static constexpr const char* name = "IQ4_XS";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;           // f16
    uint16_t scales_h;    // 2 high bits a sub-block
    uint8_t scales_l[4];  // 4 low bits a sub-block
    uint8_t qs[128];      // sub-block k: value j in the low, j + 16 in the high bits of byte 16k + j
  };
  static LT_HD int scale(const Block& b, int k) { return nibble(b.scales_l[k / 2], k % 2) | ((b.scales_h >> (2 * k)) & 3) << 4; }
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const int k = group / 2;
    const float scaled = half_to_float(b.d) * static_cast<float>(scale(b, k) - 32);
    for (int j = 0; j < 16; j++) y[j] = scaled * iq4_level(nibble(b.qs[16 * k + j], group % 2));
  }
};
static_assert(sizeof(IQ4_XS::Block) == 136);

}  // namespace lt::quant
