// 256 values of 5 bits, otherwise as Q4_K: x = d * scale * q - dmin * min.
#pragma once
#include "quant/q4_k.h"

namespace lt::quant {

struct Q5_K {
  static constexpr Type id = Type{13};
  static constexpr const char* name = "Q5_K";
  static constexpr int values = 256;
  struct Block {
    uint16_t d, dmin;    // f16
    uint8_t scales[12];  // ScaleMin
    uint8_t qh[32];      // bit k of byte l: fifth bit of value l of sub-block k
    uint8_t qs[128];     // chunk c of 64 values: byte 32c + l holds value 64c + l low, 64c + 32 + l high
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const int k = group / 2;
    const uint8_t* qs = b.qs + 32 * (k / 2) + 16 * (group % 2);
    const uint8_t* high = b.qh + 16 * (group % 2);
    const ScaleMin s = ScaleMin::unpack(b.scales, k);
    const float scale = half_to_float(b.d) * static_cast<float>(s.scale);
    const float min = half_to_float(b.dmin) * static_cast<float>(s.min);
    for (int j = 0; j < 16; j++) {
      const int q = nibble(qs[j], k % 2) | ((high[j] >> k) & 1) << 4;
      y[j] = scale * static_cast<float>(q) - min;
    }
  }
};
static_assert(sizeof(Q5_K::Block) == 176);

}  // namespace lt::quant
