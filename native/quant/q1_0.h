// 128 values of one bit, one scale: x = d or -d.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q1_0 {
  static constexpr Type id = Type{41};
  static constexpr const char* name = "Q1_0";
  static constexpr int values = 128;
  struct Block {
    uint16_t d;      // f16
    uint8_t qs[16];  // bit i % 8 of byte i / 8: value i
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = (b.qs[2 * group + j / 8] >> (j % 8)) & 1 ? d : -d;
  }
};
static_assert(sizeof(Q1_0::Block) == 18);

}  // namespace lt::quant
