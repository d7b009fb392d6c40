// x = scale * q with q of a grid: for each lane the scale, of either sign, of least weighted squared error. For given codes the best
// scale is sum(w x q) / sum(w q^2), which explains sum(w x q)^2 / sum(w q^2) of sum(w x^2); for a given scale the best codes are the
// nearest. Both in turn can only lessen the error; the start is the best of many scales.
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

struct Scaled {
  f32x16 scale, explained, qq;
};

// Turns the values of v into grid numbers.
template <class Grid, int n, int group>
LT_NOINLINE void scaled_codes(Lanes<n, group>& v, const Grid& grid, f32x16 scale) {
  const f32x16 inverse = divide(set1(1.0f), scale);
  for (int i = 0; i < n; i++) v.x[i] = nearest(grid, v.x[i] * inverse);
}

LT_NOINLINE void keep_better(Scaled& best, const ScaledSums& s) {
  const f32x16 scale = divide(s.xq, s.qq), explained = scale * s.xq, old = best.explained;
  best.scale = where_less(old, explained, scale, best.scale);
  best.qq = where_less(old, explained, s.qq, best.qq);
  best.explained = max(old, explained);
}

// The value that is largest in size lands where the grid's lowest number is, times a factor: `tries` factors from `first` on, `step`
// apart, then as many as given where its highest is, then a few that cut off ever more of the extremes.
struct ScaledPlan {
  int low_tries, high_tries;
  float first, step;  // in numbers of the grid
  int cuts, refinements;
};

template <class Grid, int n, int group>
LT_NOINLINE Scaled search_scaled(const Lanes<n, group>& v, const Grid& grid, const ScaledPlan& plan) {
  f32x16 extreme = v.x[0];
  for (int i = 1; i < n; i++) extreme = larger(extreme, v.x[i]);
  const f32x16 inverse = divide(set1(1.0f), extreme);
  Scaled best{divide(extreme, set1(grid.lowest)), zero(), zero()};
  const auto attempt = [&](float level) { keep_better(best, scaled_sums(v, grid, inverse * set1(level))); };
  for (int i = 0; i < plan.low_tries; i++) attempt(grid.lowest - plan.first + static_cast<float>(i) * plan.step);
  for (int i = 0; i < plan.high_tries; i++) attempt(grid.highest + plan.first - static_cast<float>(i) * plan.step);
  float level = grid.lowest - plan.first;
  for (int i = 0; i < plan.cuts; i++) attempt(level = level * 1.25f);
  for (int r = 0; r < plan.refinements; r++) keep_better(best, scaled_sums(v, grid, divide(set1(1.0f), best.scale)));
  return best;
}

}  // namespace lt::encode::LT_ISA
