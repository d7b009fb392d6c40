// 256 values in points of 4 (a book of 256) with 7 sign bits two points and a 4-bit scale a group of 32.
#pragma once
#include "quant/block.h"
#include "quant/grids/iq3_xxs.h"
#include "quant/grids/point.h"

namespace lt::quant {

struct IQ3_XXS {
  static constexpr Type id = Type{18};
  static constexpr const char* name = "IQ3_XXS";
  static constexpr int values = 256;
  struct Block {
    uint16_t d;       // f16
    uint8_t qs[64];   // a point
    uint8_t aux[32];  // a word a group of 32 values: four times 7 sign bits, the scale on top
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const uint32_t aux = word(b.aux + 4 * (group / 2));
    const float scale = half_to_float(b.d) * (0.5f + static_cast<float>(aux >> 28)) * 0.5f;
    for (int i = 0; i < 4; i++) {
      const int j = 2 * (group % 2) + i / 2;  // eight values share a sign byte
      const uint32_t signs = even_signs((aux >> (7 * j)) & 127) >> (4 * (i % 2));
      iq3_xxs_point(iq3_xxs_code(b.qs[4 * group + i]), signs, scale, y + 4 * i);
    }
  }
};
static_assert(sizeof(IQ3_XXS::Block) == 98);

}  // namespace lt::quant
