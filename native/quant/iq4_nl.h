// 32 values of 4 bits that name one of sixteen uneven levels, one scale: x = d * level[q].
#pragma once
#include "quant/block.h"

namespace lt::quant {

LT_HD inline float iq4_level(int q) {
  static constexpr float levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  return levels[q];
}

struct IQ4_NL {
  static constexpr Type id = Type{20};
  static constexpr const char* name = "IQ4_NL";
  static constexpr int values = 32;
  struct Block {
    uint16_t d;      // f16
    uint8_t qs[16];  // value j in the low, j + 16 in the high bits of byte j
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = d * iq4_level(nibble(b.qs[j], group));
  }
};
static_assert(sizeof(IQ4_NL::Block) == 18);

}  // namespace lt::quant
