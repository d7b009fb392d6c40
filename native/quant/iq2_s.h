// 256 values in points of 8 (a book of 1024) with a sign byte a point and a 4-bit scale every 16.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq2_s.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ2_S {
  static constexpr Type id = Type{22};
  static constexpr const char* name = "IQ2_S";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;         // f16
    uint8_t qs[32];     // a point: low 8 bits of its index
    uint8_t signs[32];  // a point
    uint8_t qh[8];      // four points: high 2 bits of their indices
    uint8_t scales[8];  // of 32 values: low bits the first 16, high bits the others
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float scale = half_to_float(b.d) * (0.5f + static_cast<float>(nibble(b.scales[group / 2], group % 2))) * 0.25f;
    for (int i = 0; i < 2; i++) {
      const int e = 2 * group + i;
      const uint32_t high = (b.qh[e / 4] >> (2 * (e % 4))) & 3u;
      iq2_point(iq2_s_code(b.qs[e] | high << 8), b.signs[e], scale, y + 8 * i);
    }
  }
};
static_assert(sizeof(IQ2_S::Block) == 82);

}  // namespace lt::quant
