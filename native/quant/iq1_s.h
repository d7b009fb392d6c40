// 256 values in points of 8 (a book of 2048), shifted by an eighth up or down and scaled in groups of 32.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq1_s.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ1_S {
  static constexpr Type id = Type{19};
  static constexpr const char* name = "IQ1_S";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;      // f16
    uint8_t qs[32];  // a point: low 8 bits of its index
    uint16_t qh[8];  // a group of 32 values: four times 3 high bits, 3 bits of scale, the sign of the shift
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const uint32_t qh = b.qh[group / 2];
    const float scale = half_to_float(b.d) * static_cast<float>(2 * ((qh >> 12) & 7) + 1);
    const float delta = qh & 0x8000 ? -0.125f : 0.125f;
    for (int i = 0; i < 2; i++) {
      const int e = 2 * group + i;
      const uint32_t high = (qh >> (3 * (e % 4))) & 7;
      iq1_point(iq1_s_code(b.qs[e] | high << 8), delta, scale, y + 8 * i);
    }
  }
};
static_assert(sizeof(IQ1_S::Block) == 50);

}  // namespace lt::quant
