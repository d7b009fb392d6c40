// What a code stands for before its scale: the grids of numbers that the formats without a minimum round to.
#pragma once
#include "encode/kernels/lanes.h"

namespace lt::encode::LT_ISA {

// Whole numbers from lowest to highest.
struct Whole {
  float lowest, highest;
};
LT_INLINE f32x16 nearest(const Whole& grid, f32x16 t) { return round(clamp(t, set1(grid.lowest), set1(grid.highest))); }

// 0, 1/2, 1, 3/2, 2, 3, 4, 6 and their negatives: one bit of mantissa. Adding and taking away 1.5 * 2^23 steps rounds to a step.
struct Fp4 {
  static constexpr float lowest = -6, highest = 6;
};
LT_INLINE f32x16 nearest(const Fp4& grid, f32x16 t) {
  const f32x16 c = clamp(t, set1(grid.lowest), set1(grid.highest));
  const f32x16 shift = max(power_below(c), set1(1.0f)) * set1(0.5f * 12582912.0f);
  return (c + shift) - shift;
}

}  // namespace lt::encode::LT_ISA
