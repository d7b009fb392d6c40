// 256 values of 3 bits around 4; sixteen sub-blocks of 16 with a 6-bit scale around 32: x = d * (scale - 32) * (q - 4).
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q3_K {
  static constexpr Type id = Type{11};
  static constexpr const char* name = "Q3_K";
  static constexpr int values = 256;
  struct Block {
    uint8_t hmask[32];   // bit 4h + n of byte l: third bit of value 128h + 32n + l
    uint8_t qs[64];      // half h, bits 2n of byte 32h + l: low bits of value 128h + 32n + l
    uint8_t scales[12];  // see scale()
    uint16_t d;          // f16
  };
  // Four low bits in bytes 0..7, two high bits in bytes 8..11.
  static LT_HD int scale(const Block& b, int s) {
    return nibble(b.scales[s % 8], s / 8) | ((b.scales[8 + s % 4] >> (2 * (s / 4))) & 3) << 4;
  }
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const uint8_t* qs = b.qs + 32 * (group / 8) + 16 * (group % 2);
    const uint8_t* high = b.hmask + 16 * (group % 2);
    const int shift = 2 * (group % 8 / 2);
    const float scaled = half_to_float(b.d) * static_cast<float>(scale(b, group) - 32);
    for (int j = 0; j < 16; j++) {
      const int q = ((qs[j] >> shift) & 3) | ((high[j] >> (group / 2)) & 1) << 2;
      y[j] = scaled * static_cast<float>(q - 4);
    }
  }
};
static_assert(sizeof(Q3_K::Block) == 110);

}  // namespace lt::quant
