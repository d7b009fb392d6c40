// 32 values of 5 bits, scale and minimum: x = d * q + m.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q5_1 {
  static constexpr Type id = Type{7};
  static constexpr const char* name = "Q5_1";
  static constexpr int values = 32;
  struct Block {
    uint16_t d, m;   // f16
    uint8_t qh[4];   // a word: bit i is the fifth bit of value i
    uint8_t qs[16];  // value j in the low, j + 16 in the high bits of byte j
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d), m = half_to_float(b.m);
    const uint32_t high = word(b.qh) >> (16 * group);
    for (int j = 0; j < 16; j++) {
      const int q = nibble(b.qs[j], group) | static_cast<int>((high >> j) & 1) << 4;
      y[j] = d * static_cast<float>(q) + m;
    }
  }
};
static_assert(sizeof(Q5_1::Block) == 24);

}  // namespace lt::quant
