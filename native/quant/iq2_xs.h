// 256 values in points of 8 (a book of 512) with 7 sign bits a point and a 4-bit scale every 16.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq2_xs.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ2_XS {
  static constexpr Type id = Type{17};
  static constexpr const char* name = "IQ2_XS";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;         // f16
    uint16_t qs[32];    // a point: 9 bits of index, 7 of signs
    uint8_t scales[8];  // of 32 values: low bits the first 16, high bits the others
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float scale = half_to_float(b.d) * (0.5f + static_cast<float>(nibble(b.scales[group / 2], group % 2))) * 0.25f;
    for (int i = 0; i < 2; i++) {
      const uint32_t q = b.qs[2 * group + i];
      iq2_point(iq2_xs_code(q & 511), even_signs(q >> 9), scale, y + 8 * i);
    }
  }
};
static_assert(sizeof(IQ2_XS::Block) == 74);

}  // namespace lt::quant
