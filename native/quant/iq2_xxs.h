// 256 values in points of 8 (a book of 256) with 7 sign bits a point and a 4-bit scale a group of 32.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq2_xxs.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ2_XXS {
  static constexpr Type id = Type{16};
  static constexpr const char* name = "IQ2_XXS";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;      // f16
    uint8_t qs[64];  // a group of 32 values: four points, then a word of four times 7 sign bits and the scale on top
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const uint8_t* qs = b.qs + 8 * (group / 2);
    const uint32_t rest = word(qs + 4);
    const float scale = half_to_float(b.d) * (0.5f + static_cast<float>(rest >> 28)) * 0.25f;
    for (int i = 0; i < 2; i++) {
      const int j = 2 * (group % 2) + i;
      iq2_point(iq2_xxs_code(qs[j]), even_signs((rest >> (7 * j)) & 127), scale, y + 8 * i);
    }
  }
};
static_assert(sizeof(IQ2_XXS::Block) == 66);

}  // namespace lt::quant
