// x = scale * q with q of a grid: for each lane, or for `shared` lanes together, the scale, of either sign, of least weighted squared
// error. For given codes the best scale is sum(w x q) / sum(w q^2), which explains sum(w x q)^2 / sum(w q^2) of sum(w x^2); for a given
// scale the best codes are the nearest. Both in turn can only lessen the error; the start is the best of many scales.
#pragma once
#include "encode/kernels/grids.h"

namespace lt::encode::LT_ISA {

struct ScaledSums {
  f32x16 xq, qq;
};

template <class Grid, int n, int group>
LT_NOINLINE ScaledSums scaled_sums(const Lanes<n, group>& v, const Grid& grid, f32x16 inverse) {
  ScaledSums s{zero(), zero()};
  for (int i = 0; i < n; i++) {
    const f32x16 q = nearest(grid, v.x[i] * inverse), wq = v.w[i] * q;
    s.xq = fma(wq, v.x[i], s.xq);
    s.qq = fma(wq, q, s.qq);
  }
  return s;
}

template <int shared>
LT_INLINE ScaledSums add_group(const ScaledSums& s) {
  return {add_group<shared>(s.xq), add_group<shared>(s.qq)};
}

struct Scaled {
  f32x16 scale, explained, qq;
};

// Turns the values of v into grid numbers.
template <class Grid, int n, int group>
LT_NOINLINE void scaled_codes(Lanes<n, group>& v, const Grid& grid, f32x16 scale) {
  const f32x16 inverse = divide(set1(1.0f), scale);
  for (int i = 0; i < n; i++) v.x[i] = nearest(grid, v.x[i] * inverse);
}

LT_INLINE void keep_better(Scaled& best, const ScaledSums& s) {
  const f32x16 scale = divide(s.xq, s.qq), explained = scale * s.xq, old = best.explained;
  best.scale = where_less(old, explained, scale, best.scale);
  best.qq = where_less(old, explained, s.qq, best.qq);
  best.explained = max(old, explained);
}

// The value that is largest in size lands `first` beyond where the grid's lowest number is, and `step` less at each further try;
// the same towards the highest number; then, with each cut, at 5/4 of the farthest; then half a step beside the best.
struct ScaledPlan {
  int low_tries, high_tries;
  float first, step;  // in numbers of the grid
  int cuts, refinements;
  float weighty;  // a value with less than 1 / weighty of the mean of w x^2 counts as that much smaller: it may as well be cut off
};

template <int shared, class Grid, int n, int group>
LT_NOINLINE Scaled search_scaled(const Lanes<n, group>& v, const Grid& grid, const ScaledPlan& plan) {
  const f32x16 heavy = divide(set1(plan.weighty * n * shared), add_group<shared>(v.sum_wxx));
  f32x16 high = set1(1e-20f), low = high;
  for (int i = 0; i < n; i++) {
    const f32x16 x = v.x[i] * min(v.w[i] * v.x[i] * v.x[i] * heavy, set1(1.0f));
    high = max(high, x), low = max(low, zero() - x);
  }
  high = max_group<shared>(high), low = max_group<shared>(low);
  const bool symmetric = grid.lowest + grid.highest == 0;
  const f32x16 extreme = symmetric ? max(high, low) : where_less(high, low, zero() - low, high), inverse = divide(set1(1.0f), extreme);
  Scaled best{zero(), zero(), zero()};
  const auto attempt = [&](f32x16 inverse_scale) { keep_better(best, add_group<shared>(scaled_sums(v, grid, inverse_scale))); };
  for (int i = 0; i < plan.low_tries; i++) attempt(inverse * set1(grid.lowest - plan.first + static_cast<float>(i) * plan.step));
  for (int i = 0; i < plan.high_tries; i++) attempt(inverse * set1(grid.highest + plan.first - static_cast<float>(i) * plan.step));
  float cut = 1;
  for (int i = 0; i < plan.cuts; i++) {
    cut = cut * 1.25f;
    if (plan.low_tries > 0) attempt(inverse * set1((grid.lowest - plan.first) * cut));
    if (plan.high_tries > 0) attempt(inverse * set1((grid.highest + plan.first) * cut));
  }
  const f32x16 found = divide(set1(1.0f), best.scale), half_step = inverse * set1(plan.step * 0.5f);
  attempt(found + half_step);
  attempt(found - half_step);
  for (int r = 0; r < plan.refinements; r++) attempt(divide(set1(1.0f), best.scale));
  return best;
}

// For scales that are few: the better, in each lane, of `best` and `scale`.
template <class Grid, int n, int group>
LT_NOINLINE void keep_better(const Lanes<n, group>& v, const Grid& grid, f32x16 scale, Scaled& best) {
  const ScaledSums s = scaled_sums(v, grid, divide(set1(1.0f), scale));
  const f32x16 explained = scale * (s.xq + s.xq - scale * s.qq);
  best.scale = where_less(best.explained, explained, scale, best.scale);
  best.explained = max(best.explained, explained);
}

}  // namespace lt::encode::LT_ISA
