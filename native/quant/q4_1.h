// 32 values of 4 bits, scale and minimum: x = d * q + m.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q4_1 {
  static constexpr Type id = Type{3};
  static constexpr const char* name = "Q4_1";
  static constexpr int values = 32;
  struct Block {
    uint16_t d, m;   // f16
    uint8_t qs[16];  // value j in the low, j + 16 in the high bits of byte j
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d), m = half_to_float(b.m);
    for (int j = 0; j < 16; j++) y[j] = d * static_cast<float>(nibble(b.qs[j], group)) + m;
  }
};
static_assert(sizeof(Q4_1::Block) == 20);

}  // namespace lt::quant
