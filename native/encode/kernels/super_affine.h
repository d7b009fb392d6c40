// Super-blocks of affine sub-blocks: x = d * scale * q - dmin * min, scale and min whole numbers in 0..limit. First each sub-block
// (lane) alone, then d and dmin and the whole numbers, then in turn: codes; whole numbers for these codes; d and dmin for both.
#pragma once
#include "encode/kernels/affine.h"

namespace lt::encode::LT_ISA {

struct SuperAffine {
  f32x16 d, dmin;     // of x / unit, exactly the halves that are stored
  f32x16 scale, min;  // whole numbers
  f32x16 error;       // of the group
};

struct SuperAffinePlan {
  AffineGrid grid;
  float limit;       // of scale and min
  int units, turns;  // candidates for d and dmin; turns of improvement
};

// Of the units largest / (limit + 0.5 - j / 2), the one whose whole multiples are nearest to `values`, by the group's sum of
// curvature * distance^2.
template <int group>
LT_NOINLINE f32x16 pick_unit(f32x16 values, f32x16 curvature, f32x16 unit, float limit, int candidates) {
  const f32x16 largest = max_group<group>(values);
  f32x16 best = zero(), best_cost = set1(1e30f);
  for (int j = 0; j < candidates; j++) {
    const f32x16 d = as_half(largest * set1(1.0f / (limit + 0.5f - 0.5f * static_cast<float>(j))), unit);
    const f32x16 off = values - d * clamp(round(divide(values, d)), zero(), set1(limit));
    const f32x16 cost = add_group<group>(curvature * off * off);
    best = where_less(cost, best_cost, d, best);
    best_cost = min(cost, best_cost);
  }
  return best;
}

template <int n, int group>
LT_INLINE f32x16 error_of(const Lanes<n, group>& v, const CodeSums& s, f32x16 scale, f32x16 minimum) {
  return v.sum_wxx - explained_by(v, s, scale, minimum);
}

// The whole numbers of least error for the codes that `s` sums up.
template <int n, int group>
LT_NOINLINE void pick_wholes(const Lanes<n, group>& v, const CodeSums& s, float limit, SuperAffine& a) {
  const f32x16 limits = set1(limit), from = round(divide(solve<false>(v, s).scale, a.d));
  f32x16 error = set1(1e30f);
  for (int step = -1; step <= 1; step++) {
    const f32x16 scale = clamp(from + set1(static_cast<float>(step)), zero(), limits);
    const f32x16 ideal = divide(a.d * scale * s.q - v.sum_wx, v.sum_w);
    const f32x16 minimum = clamp(round(divide(ideal, a.dmin)), zero(), limits);
    const f32x16 e = error_of(v, s, a.d * scale, a.dmin * minimum);
    a.scale = where_less(e, error, scale, a.scale);
    a.min = where_less(e, error, minimum, a.min);
    error = min(e, error);
  }
}

// Where d or dmin is more than half of the scale that a lane by itself would take, as in a group with one huge value, each step of a whole
// number changes the codes: of the minima around the lane's own, and of the scales that reach its highest value, the pair of least error.
template <int n, int group>
LT_NOINLINE void pick_pairs(const Lanes<n, group>& v, const Affine& alone, f32x16 tops, float limit, SuperAffine& a) {
  const f32x16 coarse = max(a.d, a.dmin) * set1(2.0f) - alone.scale;
  if (fold_max(coarse) <= 0) return;
  f32x16 high = v.x[0];
  for (int i = 1; i < n; i++) high = max(high, v.x[i]);
  const auto error_with = [&](f32x16 scale, f32x16 minimum) {
    return error_of(v, affine_sums(v, divide(set1(1.0f), scale), minimum, tops), scale, minimum);
  };
  const f32x16 limits = set1(limit), below = round(divide(alone.minimum, a.dmin) - set1(0.5f));
  f32x16 error = error_with(a.d * a.scale, a.dmin * a.min);
  for (int m = -1; m <= 3; m++) {
    const f32x16 least = m == 3 ? zero() : clamp(below + set1(static_cast<float>(m)), zero(), limits);
    const f32x16 reach = round(divide(high + a.dmin * least, a.d * tops));
    for (int step = -1; step <= 1; step++) {
      const f32x16 scale = clamp(reach + set1(static_cast<float>(step)), zero(), limits);
      const f32x16 e = where_less(zero(), coarse, error_with(a.d * scale, a.dmin * least), error);
      a.scale = where_less(e, error, scale, a.scale);
      a.min = where_less(e, error, least, a.min);
      error = min(e, error);
    }
  }
}

// d and dmin of least error for given codes and whole numbers: two linear equations a group.
template <int n, int group>
LT_NOINLINE void pick_units(const Lanes<n, group>& v, const CodeSums& s, SuperAffine& a) {
  const f32x16 dd = add_group<group>(a.scale * a.scale * s.qq), dm = add_group<group>(a.scale * a.min * s.q);
  const f32x16 mm = add_group<group>(a.min * a.min * v.sum_w);
  const f32x16 dx = add_group<group>(a.scale * s.xq), mx = add_group<group>(a.min * v.sum_wx);
  const f32x16 determinant = dd * mm - dm * dm;
  const f32x16 usable = determinant - dd * mm * set1(1e-5f);
  const f32x16 d = where_less(zero(), usable, divide(mm * dx - dm * mx, determinant), divide(dx, dd));
  const f32x16 dmin = where_less(zero(), usable, divide(dm * dx - dd * mx, determinant), a.dmin);
  a.d = as_half(max(d, zero()), v.unit);
  a.dmin = as_half(max(dmin, zero()), v.unit);
}

template <int n, int group>
LT_INLINE void keep_better(SuperAffine& best, const SuperAffine& a) {
  const f32x16 old = best.error;
  best.d = where_less(a.error, old, a.d, best.d);
  best.dmin = where_less(a.error, old, a.dmin, best.dmin);
  best.scale = where_less(a.error, old, a.scale, best.scale);
  best.min = where_less(a.error, old, a.min, best.min);
  best.error = min(a.error, old);
}

template <int n, int group>
LT_NOINLINE SuperAffine search_super_affine(const Lanes<n, group>& v, float top, const SuperAffinePlan& plan) {
  const f32x16 tops = set1(top);
  const Affine alone = search_affine<false>(v, top, plan.grid);
  CodeSums s = affine_sums(v, divide(set1(1.0f), alone.scale), alone.minimum, tops);
  SuperAffine a;
  // A min moves along with its scale, but for one that is held at 0.
  const f32x16 curvature = s.qq - where_less(zero(), alone.minimum, divide(s.q * s.q, v.sum_w), zero());
  a.d = pick_unit<group>(alone.scale, curvature, v.unit, plan.limit, plan.units);
  a.dmin = pick_unit<group>(alone.minimum, v.sum_w, v.unit, plan.limit, plan.units);
  pick_wholes(v, s, plan.limit, a);
  pick_pairs(v, alone, tops, plan.limit, a);
  SuperAffine best = a;
  best.error = set1(1e30f);
  for (int turn = 0; turn <= plan.turns; turn++) {
    const f32x16 scale = a.d * a.scale, minimum = a.dmin * a.min;
    s = affine_sums(v, divide(set1(1.0f), scale), minimum, tops);
    a.error = add_group<group>(error_of(v, s, scale, minimum));
    keep_better<n, group>(best, a);
    pick_wholes(v, s, plan.limit, a);
    pick_units(v, s, a);
  }
  return best;
}

// Blocks of 256 codes. Calls pack(codes, scales, minima of a block, bytes each; its block), with the block's d and dmin set.
template <class Block, int n, class Pack>
LT_INLINE void encode_super_affine(const Row& row, void* blocks, float top, const SuperAffinePlan& plan, const Pack& pack) {
  constexpr int subs = 256 / n;
  over_blocks<n, subs>(row, [&](Lanes<n, subs>& v, int64_t block, int count) {
    normalize(v);
    const SuperAffine a = search_super_affine(v, top, plan);
    const f32x16 squares = add_group<subs>(v.sum_wxx), raised = raise(row, squares, squares - a.error);
    affine_codes(v, a.d * a.scale, a.dmin * a.min, top);
    uint8_t q[side_by_side * n], scale[side_by_side], min[side_by_side];
    uint16_t d[side_by_side], dmin[side_by_side];
    scatter<n>(v.x, q);
    store_bytes(scale, a.scale), store_bytes(min, a.min);
    store_halves(d, a.d * raised, v.unit), store_halves(dmin, a.dmin * raised, v.unit);
    Block* out = static_cast<Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].d = d[subs * b], out[b].dmin = dmin[subs * b];
      pack(q + 256 * b, scale + subs * b, min + subs * b, out[b]);
    }
  });
}

}  // namespace lt::encode::LT_ISA
