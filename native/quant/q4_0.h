// 32 values of 4 bits around 8, one scale: x = d * (q - 8).
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q4_0 {
  static constexpr Type id = Type{2};
  static constexpr const char* name = "Q4_0";
  static constexpr int values = 32;
  struct Block {
    uint16_t d;      // f16
    uint8_t qs[16];  // value j in the low, j + 16 in the high bits of byte j
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = d * static_cast<float>(nibble(b.qs[j], group) - 8);
  }
};
static_assert(sizeof(Q4_0::Block) == 18);

}  // namespace lt::quant
