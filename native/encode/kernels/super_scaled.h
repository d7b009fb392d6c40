// Super-blocks of scaled sub-blocks: x = d * scale * q, scale a whole number of either sign. First each sub-block (lane) alone, then
// d and the whole numbers, then in turn: for each sub-block the whole number near its own that gives the least error; d for all.
#pragma once
#include "encode/kernels/scaled.h"

namespace lt::encode::LT_ISA {

struct SuperScaled {
  f32x16 d;      // of x / unit, exactly the half that is stored
  f32x16 scale;  // whole numbers
  f32x16 error;  // of the group
};

struct SuperScaledPlan {
  ScaledPlan alone;
  float lowest, highest;  // of scale
  int units, turns;       // candidates for d; turns of improvement
};

LT_INLINE f32x16 nearest_whole(f32x16 value, f32x16 d, const SuperScaledPlan& plan) {
  return clamp(round(divide(value, d)), set1(plan.lowest), set1(plan.highest));
}

// The d whose whole multiples are nearest to the scales, by the group's sum of qq * distance^2.
template <int group>
LT_NOINLINE f32x16 pick_unit(const Scaled& alone, f32x16 unit, const SuperScaledPlan& plan) {
  const f32x16 above = max_group<group>(alone.scale), below = max_group<group>(zero() - alone.scale);
  const f32x16 extreme = where_less(above, below, zero() - below, above);
  f32x16 best = zero(), best_cost = set1(1e30f);
  for (int j = 0; j < 2 * plan.units; j++) {
    const float short_by = 0.5f * static_cast<float>(j / 2) - 0.4f;
    const float level = j % 2 == 0 ? plan.lowest + short_by : plan.highest - short_by;
    const f32x16 d = as_half(extreme * set1(1.0f / level), unit);
    const f32x16 off = alone.scale - d * nearest_whole(alone.scale, d, plan);
    const f32x16 cost = add_group<group>(alone.qq * off * off);
    best = where_less(cost, best_cost, d, best);
    best_cost = min(cost, best_cost);
  }
  return best;
}

// For each lane the best of the whole numbers from - reach .. from + reach; returns the sums of its codes.
template <class Grid, int n, int group>
LT_NOINLINE ScaledSums pick_wholes(const Lanes<n, group>& v, const Grid& grid, const SuperScaledPlan& plan, f32x16 from, SuperScaled& a) {
  f32x16 error = set1(1e30f);
  ScaledSums kept{zero(), zero()};
  for (int step = -1; step <= 1; step++) {
    const f32x16 scale = clamp(from + set1(static_cast<float>(step)), set1(plan.lowest), set1(plan.highest)), total = a.d * scale;
    const ScaledSums s = scaled_sums(v, grid, divide(set1(1.0f), total));
    const f32x16 e = v.sum_wxx - total * (s.xq + s.xq - total * s.qq);
    a.scale = where_less(e, error, scale, a.scale);
    kept.xq = where_less(e, error, s.xq, kept.xq);
    kept.qq = where_less(e, error, s.qq, kept.qq);
    error = min(e, error);
  }
  a.error = add_group<group>(error);
  return kept;
}

template <class Grid, int n, int group>
LT_NOINLINE SuperScaled search_super_scaled(const Lanes<n, group>& v, const Grid& grid, const SuperScaledPlan& plan) {
  const Scaled alone = search_scaled<1>(v, grid, plan.alone);
  SuperScaled a{pick_unit<group>(alone, v.unit, plan), zero(), zero()};
  a.scale = nearest_whole(alone.scale, a.d, plan);
  SuperScaled best = a;
  best.error = set1(1e30f);
  for (int turn = 0; turn < plan.turns; turn++) {
    const ScaledSums s = pick_wholes(v, grid, plan, a.scale, a);
    const f32x16 old = best.error;
    best.d = where_less(a.error, old, a.d, best.d);
    best.scale = where_less(a.error, old, a.scale, best.scale);
    best.error = min(a.error, old);
    const f32x16 scale = divide(s.xq, s.qq);
    a.d = as_half(divide(add_group<group>(a.scale * s.xq), add_group<group>(a.scale * a.scale * s.qq)), v.unit);
    a.scale = nearest_whole(scale, a.d, plan);
  }
  return best;
}

// Blocks of 256 codes. Calls pack(codes plus `offset`, scales of a block, bytes each; its block), with the block's d set.
template <class Block, int n, class Grid, class Pack>
LT_INLINE void encode_super_scaled(const Row& row, void* blocks, const Grid& grid, const SuperScaledPlan& plan, float offset,
                                   const Pack& pack) {
  constexpr int subs = 256 / n;
  over_blocks<n, subs>(row, [&](Lanes<n, subs>& v, int64_t block, int count) {
    normalize(v);
    const SuperScaled a = search_super_scaled(v, grid, plan);
    const f32x16 squares = add_group<subs>(v.sum_wxx), raised = raise(row, squares, squares - a.error);
    scaled_codes(v, grid, a.d * a.scale);
    for (int i = 0; i < n; i++) v.x[i] = v.x[i] + set1(offset);
    uint8_t q[side_by_side * n], scale[side_by_side];
    uint16_t d[side_by_side];
    scatter<n>(v.x, q);
    store_bytes(scale, a.scale);
    store_halves(d, a.d * raised, v.unit);
    Block* out = static_cast<Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].d = d[subs * b];
      pack(q + 256 * b, scale + subs * b, out[b]);
    }
  });
}

}  // namespace lt::encode::LT_ISA
