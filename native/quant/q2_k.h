// 256 values of 2 bits; sixteen sub-blocks of 16 with a 4-bit scale and a 4-bit minimum: x = d * scale * q - dmin * min.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q2_K {
  static constexpr Type id = Type{10};
  static constexpr const char* name = "Q2_K";
  static constexpr int values = 256;
  struct Block {
    uint8_t scales[16];  // low bits the scale, high bits the minimum
    uint8_t qs[64];      // half h, bits 2n of byte 32h + l: value 128h + 32n + l
    uint16_t d, dmin;    // f16
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const uint8_t* qs = b.qs + 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group % 8 / 2);
    const float scale = half_to_float(b.d) * static_cast<float>(nibble(b.scales[group], 0));
    const float min = half_to_float(b.dmin) * static_cast<float>(nibble(b.scales[group], 1));
    for (int j = 0; j < 16; j++) y[j] = scale * static_cast<float>((qs[j] >> shift) & 3) - min;
  }
};
static_assert(sizeof(Q2_K::Block) == 84);

}  // namespace lt::quant
