// 256 values in points of 8 (IQ1_S's book), each shifted by an eighth up or down, scaled in sixteens.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq1_s.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ1_M {
  static constexpr Type id = Type{29};
  static constexpr const char* name = "IQ1_M";
  static constexpr int values = 256;
  struct Block {
    uint8_t qs[32];      // a point: low 8 bits of its index
    uint8_t qh[16];      // two points: 3 high bits and the sign of the shift each
    uint16_t scales[4];  // four times 3 bits of scale; the four top bits are a quarter of d
  };
  static LT_HD float super_scale(const Block& b) {
    const uint16_t* s = b.scales;
    return half_to_float(static_cast<uint16_t>(s[0] >> 12 | (s[1] >> 8 & 0x00f0) | (s[2] >> 4 & 0x0f00) | (s[3] & 0xf000)));
  }
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const int s = (b.scales[group / 4] >> (3 * (group % 4))) & 7;
    const float scale = super_scale(b) * static_cast<float>(2 * s + 1);
    for (int i = 0; i < 2; i++) {
      const uint32_t h = static_cast<uint32_t>(nibble(b.qh[group], i));
      iq1_point(iq1_s_code(b.qs[2 * group + i] | (h & 7) << 8), h & 8 ? -0.125f : 0.125f, scale, y + 8 * i);
    }
  }
};
static_assert(sizeof(IQ1_M::Block) == 56);

}  // namespace lt::quant
