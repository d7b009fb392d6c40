// 256 values of -1, 0 or 1, five to a byte, one scale: x = d * (trit - 1).
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct TQ1_0 {
  static constexpr Type id = Type{34};
  static constexpr const char* name = "TQ1_0";
  static constexpr int values = 256;
  struct Block {
    uint8_t qs[48];  // trit t of byte l < 32: value 32t + l; of byte 32 + l, l < 16: value 160 + 16t + l
    uint8_t qh[4];   // trit t < 4 of byte l: value 240 + 4t + l
    uint16_t d;      // f16
  };
  // A byte is a fraction of 256: multiplied by 3^(t + 1), its integer part ends in trit t.
  static LT_HD int trit(uint8_t byte, int t) {
    static constexpr int power[5] = {1, 3, 9, 27, 81};
    return (byte * power[t] & 0xff) * 3 >> 8;
  }
  static LT_HD int value(const Block& b, int group, int j) {
    if (group < 10) return trit(b.qs[16 * (group % 2) + j], group / 2);
    if (group < 15) return trit(b.qs[32 + j], group - 10);
    return trit(b.qh[j % 4], j / 4);
  }
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = static_cast<float>(value(b, group, j) - 1) * d;
  }
};
static_assert(sizeof(TQ1_0::Block) == 54);

}  // namespace lt::quant
