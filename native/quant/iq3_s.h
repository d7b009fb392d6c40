// 256 values in points of 4 (a book of 512) with 4 sign bits a point and a 4-bit scale a group of 32.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq3_s.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ3_S {
  static constexpr Type id = Type{21};
  static constexpr const char* name = "IQ3_S";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;         // f16
    uint8_t qs[64];     // a point: low 8 bits of its index
    uint8_t qh[8];      // eight points: the ninth bits
    uint8_t signs[32];  // two points
    uint8_t scales[4];  // two groups of 32 values
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const int g = group / 2;
    const float scale = half_to_float(b.d) * static_cast<float>(1 + 2 * nibble(b.scales[g / 2], g % 2));
    for (int i = 0; i < 4; i++) {
      const int e = 4 * group + i;
      const uint32_t high = (b.qh[e / 8] >> (e % 8)) & 1u;
      const uint32_t signs = static_cast<uint32_t>(nibble(b.signs[e / 2], e % 2));
      iq3_s_point(iq3_s_code(b.qs[e] | high << 8), signs, scale, y + 4 * i);
    }
  }
};
static_assert(sizeof(IQ3_S::Block) == 110);

}  // namespace lt::quant
