// 256 values of 4 bits; eight sub-blocks of 32 with a 6-bit scale and a 6-bit minimum: x = d * scale * q - dmin * min.
#pragma once
#include "quant/block.h"

namespace lt::quant {

// The twelve bytes that hold the scales and minima of Q4_K and Q5_K.
struct ScaleMin {
  int scale, min;
  static LT_HD ScaleMin unpack(const uint8_t* bytes, int k) {  // sub-block k of 8
    if (k < 4) return {bytes[k] & 63, bytes[k + 4] & 63};
    return {nibble(bytes[k + 4], 0) | (bytes[k - 4] >> 6) << 4, nibble(bytes[k + 4], 1) | (bytes[k] >> 6) << 4};
  }
};

struct Q4_K {
  static constexpr Type id = Type{12};
  static constexpr const char* name = "Q4_K";
  static constexpr int values = 256;
  struct Block {
    uint16_t d, dmin;  // f16
    uint8_t scales[12];
    uint8_t qs[128];  // chunk c of 64 values: byte 32c + l holds value 64c + l low, 64c + 32 + l high
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const int k = group / 2;
    const uint8_t* qs = b.qs + 32 * (k / 2) + 16 * (group % 2);
    const ScaleMin s = ScaleMin::unpack(b.scales, k);
    const float scale = half_to_float(b.d) * static_cast<float>(s.scale);
    const float min = half_to_float(b.dmin) * static_cast<float>(s.min);
    for (int j = 0; j < 16; j++) y[j] = scale * static_cast<float>(nibble(qs[j], k % 2)) - min;
  }
};
static_assert(sizeof(Q4_K::Block) == 144);

}  // namespace lt::quant
