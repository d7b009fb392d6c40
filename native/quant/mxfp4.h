// 32 values of FP4 (E2M1) with one power of two, of the OCP Microscaling Formats (MX) specification: x = 2^(e - 127) * level[q].
#pragma once
#include "quant/block.h"

namespace lt::quant {

LT_HD inline float fp4_level(int q) {
  static constexpr float levels[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6};
  return levels[q];
}

struct MXFP4 {
  static constexpr Type id = Type{39};
  static constexpr const char* name = "MXFP4";
  static constexpr int values = 32;
  struct Block {
    uint8_t e;       // exponent of the scale
    uint8_t qs[16];  // value j in the low, j + 16 in the high bits of byte j
  };
  // An E8M0 number: the exponent field of a float32, which holds 2^-127 only as a denormal.
  static LT_HD float scale(const Block& b) { return float_of_bits(b.e == 0 ? 0x00400000u : static_cast<uint32_t>(b.e) << 23); }
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = scale(b);
    for (int j = 0; j < 16; j++) y[j] = d * fp4_level(nibble(b.qs[j], group));
  }
};
static_assert(sizeof(MXFP4::Block) == 17);

}  // namespace lt::quant
