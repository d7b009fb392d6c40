// 64 values of FP4 (E2M1); four sub-blocks of 16 with an E4M3 scale: x = scale * level[q].
#pragma once
#include "quant/mxfp4.h"

namespace lt::quant {

struct NVFP4 {
  static constexpr Type id = Type{40};
  static constexpr const char* name = "NVFP4";
  static constexpr int values = 64;
  struct Block {
    uint8_t s[4];    // E4M3 without a sign
    uint8_t qs[32];  // sub-block k: value j < 8 in the low, j + 8 in the high bits of byte 8k + j
  };
  // The exponent has a bias of 7 where a float32's has 127; 0x7f is not a number and counts as 0.
  static LT_HD float scale(uint8_t s) {
    const uint32_t bits = s & 0x7fu;
    const float denormal = static_cast<float>(bits) * 0.001953125f;  // 2^-9
    const float normal = float_of_bits((bits << 20) + (120u << 23));
    return bits == 0x7f ? 0.0f : bits < 8 ? denormal : normal;
  }
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = scale(b.s[group]);
    for (int j = 0; j < 16; j++) y[j] = d * fp4_level(nibble(b.qs[8 * group + j % 8], j / 8));
  }
};
static_assert(sizeof(NVFP4::Block) == 36);

}  // namespace lt::quant
