// 64 values of two bits, one scale: x = d * (q - 1).
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q2_0 {
  static constexpr Type id = Type{42};
  static constexpr const char* name = "Q2_0";
  static constexpr int values = 64;
  struct Block {
    uint16_t d;      // f16
    uint8_t qs[16];  // bits 2 (i % 4) of byte i / 4: value i
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = d * static_cast<float>(((b.qs[4 * group + j / 4] >> (2 * (j % 4))) & 3) - 1);
  }
};
static_assert(sizeof(Q2_0::Block) == 18);

}  // namespace lt::quant
