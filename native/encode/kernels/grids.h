// What a code stands for before its scale: the grids of numbers that the formats without a minimum round to.
#pragma once
#include "encode/kernels/lanes.h"

namespace lt::encode::LT_ISA {

// Whole numbers from lowest to highest.
struct Whole {
  float lowest, highest;
};
LT_INLINE f32x16 nearest(const Whole& grid, f32x16 t) { return round(clamp(t, set1(grid.lowest), set1(grid.highest))); }

// Of a grid of few numbers, in bytes: the byte that scatter() makes of a number, or of a multiple of it -> its code.
struct Codes {
  uint8_t of[256];
};

// 0, 1/2, 1, 3/2, 2, 3, 4, 6 and their negatives: one bit of mantissa. Adding and taking away 1.5 * 2^23 steps rounds to a step.
struct Fp4 {
  static constexpr float lowest = -6, highest = 6;
  static constexpr Codes codes() {  // of twice the number
    Codes c{};
    constexpr int twice[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    for (int i = 1; i < 8; i++) c.of[twice[i]] = static_cast<uint8_t>(i), c.of[-twice[i] & 255] = static_cast<uint8_t>(8 + i);
    return c;
  }
};
LT_INLINE f32x16 nearest(const Fp4& grid, f32x16 t) {
  const f32x16 c = clamp(t, set1(grid.lowest), set1(grid.highest));
  const f32x16 shift = max(power_below(c), set1(1.0f)) * set1(0.5f * 12582912.0f);
  return (c + shift) - shift;
}

// The sixteen numbers of IQ4_NL and IQ4_XS. Between 8k and 8k + 8 there is at most one point halfway between two of them: table k of
// 32 holds it, with the numbers below and above it.
struct Iq4 {
  static constexpr float lowest = -127, highest = 113;
  static constexpr int levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  struct Tables {
    float halfway[32], below[32], above[32];
  };
  static constexpr Tables tables() {
    Tables t{};
    for (int k = 0; k < 32; k++) {
      const int from = 8 * k - 128;
      int i = 0;
      while (i < 14 && levels[i] + levels[i + 1] < 2 * from) i++;
      t.halfway[k] = 0.5f * static_cast<float>(levels[i] + levels[i + 1]);
      t.below[k] = static_cast<float>(levels[i]);
      t.above[k] = static_cast<float>(levels[i + 1]);
    }
    return t;
  }
  static constexpr Codes codes() {
    Codes c{};
    for (int i = 0; i < 16; i++) c.of[levels[i] & 255] = static_cast<uint8_t>(i);
    return c;
  }
};
LT_INLINE f32x16 nearest(const Iq4& grid, f32x16 t) {
  static constexpr Iq4::Tables tables = Iq4::tables();
  const f32x16 c = clamp(t, set1(grid.lowest), set1(grid.highest));
  const f32x16 k = round(fma(c, set1(0.125f), set1(15.5f)));
  return where_less(c, pick(tables.halfway, k), pick(tables.below, k), pick(tables.above, k));
}

}  // namespace lt::encode::LT_ISA
