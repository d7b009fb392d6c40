// 256 values of -1, 0 or 1 (2 is possible), two bits each, one scale: x = d * (q - 1).
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct TQ2_0 {
  static constexpr Type id = Type{35};
  static constexpr const char* name = "TQ2_0";
  static constexpr int values = 256;
  struct Block {
    uint8_t qs[64];  // half h, bits 2n of byte 32h + l: value 128h + 32n + l
    uint16_t d;      // f16
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const uint8_t* qs = b.qs + 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group % 8 / 2);
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = static_cast<float>(((qs[j] >> shift) & 3) - 1) * d;
  }
};
static_assert(sizeof(TQ2_0::Block) == 66);

}  // namespace lt::quant
