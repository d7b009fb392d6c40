// x = scale * q - min with q a whole number in 0..top: for each lane the scale and the min of least weighted squared error.
// Codes are rounded for a scale and a min; then the best scale and min for these codes are the solution of two linear equations,
// and so in turn, which can only lessen the error. The start is the best of a grid of candidates.
#pragma once
#include "encode/kernels/lanes.h"

namespace lt::encode::LT_ISA {

// Weighted sums over a lane's codes.
struct CodeSums {
  f32x16 q, qq, xq;
};

// The codes nearest to (x + min) * inverse.
LT_INLINE f32x16 affine_code(f32x16 x, f32x16 inverse, f32x16 offset, f32x16 top) {
  return round(clamp(fma(x, inverse, offset), zero(), top));
}

template <int n, int group>
LT_NOINLINE CodeSums affine_sums(const Lanes<n, group>& v, f32x16 inverse, f32x16 minimum, f32x16 top) {
  const f32x16 offset = minimum * inverse;
  CodeSums s{zero(), zero(), zero()};
  for (int i = 0; i < n; i++) {
    const f32x16 q = affine_code(v.x[i], inverse, offset, top), wq = v.w[i] * q;
    s.q = s.q + wq;
    s.qq = fma(wq, q, s.qq);
    s.xq = fma(wq, v.x[i], s.xq);
  }
  return s;
}

// Turns the values of v into their codes.
template <int n, int group>
LT_NOINLINE void affine_codes(Lanes<n, group>& v, f32x16 scale, f32x16 minimum, float top) {
  const f32x16 inverse = divide(set1(1.0f), scale), offset = minimum * inverse;
  for (int i = 0; i < n; i++) v.x[i] = affine_code(v.x[i], inverse, offset, set1(top));
}

// explained: how much of sum_wxx is no error.
struct Affine {
  f32x16 scale, minimum, explained;
};

template <int n, int group>
LT_INLINE f32x16 explained_by(const Lanes<n, group>& v, const CodeSums& s, f32x16 scale, f32x16 minimum) {
  // 2 (scale xq - min x) - (scale^2 qq - 2 scale min q + min^2 w)
  const f32x16 first = scale * (s.xq + s.xq - scale * s.qq);
  const f32x16 second = minimum * (v.sum_wx + v.sum_wx + minimum * v.sum_w);
  return first - second + (scale + scale) * (minimum * s.q);
}

// The best scale and min for given codes. Where nearly all weight lies on one code there are no two equations: one of the two is 0,
// and with any sign of min nothing is explained.
template <bool any_sign, int n, int group>
LT_NOINLINE Affine solve(const Lanes<n, group>& v, const CodeSums& s) {
  const f32x16 determinant = v.sum_w * s.qq - s.q * s.q;
  const f32x16 least = v.sum_w * s.qq * set1(1e-5f);
  f32x16 scale = divide(v.sum_w * s.xq - v.sum_wx * s.q, determinant);
  f32x16 minimum = divide(s.q * s.xq - s.qq * v.sum_wx, determinant);
  if constexpr (any_sign) {
    return {scale, minimum, where_less(determinant, least, set1(-1e30f), explained_by(v, s, scale, minimum))};
  } else {
    const f32x16 below_zero = zero() - divide(v.sum_wx, v.sum_w);
    minimum = where_less(determinant, least, below_zero, minimum);
    scale = where_less(determinant, least, zero(), scale);
    scale = where_less(minimum, zero(), divide(s.xq, s.qq), scale);
    minimum = max(minimum, zero());
    return {scale, minimum, explained_by(v, s, scale, minimum)};
  }
}

LT_INLINE void keep_better(Affine& best, const Affine& a) {
  const f32x16 old = best.explained;
  best.scale = where_less(old, a.explained, a.scale, best.scale);
  best.minimum = where_less(old, a.explained, a.minimum, best.minimum);
  best.explained = where_less(old, a.explained, a.explained, old);
}

// Candidates: the lowest value lies `below` codes under code 0 and the highest `above` codes over code top.
struct AffineGrid {
  int below, above, refinements;
  float below_first, below_step, above_first, above_step;
};

// any_sign: min may be negative (all values on one side of 0, away from it).
template <bool any_sign, int n, int group>
LT_NOINLINE Affine search_affine(const Lanes<n, group>& v, float top, const AffineGrid& grid) {
  f32x16 low = v.x[0], high = v.x[0];
  for (int i = 1; i < n; i++) low = min(low, v.x[i]), high = max(high, v.x[i]);
  if constexpr (!any_sign) low = min(low, zero());
  high = max(high, low);
  const f32x16 range = high - low, tops = set1(top);
  Affine best{range / tops, zero() - low, set1(-1e29f)};
  const f32x16 inverse_range = divide(set1(1.0f), range);
  for (int a = 0; a < grid.below; a++) {
    for (int b = 0; b < grid.above; b++) {
      const float below = grid.below_first + static_cast<float>(a) * grid.below_step;
      const float levels = top + below + grid.above_first + static_cast<float>(b) * grid.above_step;
      const f32x16 inverse = set1(levels) * inverse_range;
      const f32x16 minimum = range * set1(below / levels) * set1(-1.0f) - low;
      keep_better(best, solve<any_sign>(v, affine_sums(v, inverse, minimum, tops)));
    }
  }
  for (int r = 0; r < grid.refinements; r++)
    keep_better(best, solve<any_sign>(v, affine_sums(v, divide(set1(1.0f), best.scale), best.minimum, tops)));
  return best;
}

}  // namespace lt::encode::LT_ISA
