// Sixteen blocks (or sub-blocks) side by side: value i of block b is lane b of x[i]. What belongs together in one super-block is
// `group` neighbouring lanes. A lane never depends on a lane outside of its group, so a row may be cut anywhere between blocks.
#pragma once
#include "encode/kernels.h"
#include "simd/simd.h"

namespace lt::encode::LT_ISA {

LT_INLINE f32x16 abs(f32x16 a) { return max(a, zero() - a); }
LT_INLINE f32x16 clamp(f32x16 a, f32x16 low, f32x16 high) { return min(max(a, low), high); }

// a / b, and 0 where b is as good as 0: numbers here are of the order of 1.
LT_INLINE f32x16 divide(f32x16 a, f32x16 b) {
  const f32x16 tiny = set1(1e-30f);
  return where_less(abs(b), tiny, zero(), a / where_less(abs(b), tiny, set1(1.0f), b));
}

// Every lane gets the sum (the largest) of its group's; the order of the additions is the same in each lane.
template <int group>
LT_INLINE f32x16 add_group(f32x16 a) {
  if constexpr (group >= 2) a = a + swap_lanes<1>(a);
  if constexpr (group >= 4) a = a + swap_lanes<2>(a);
  if constexpr (group >= 8) a = a + swap_lanes<4>(a);
  if constexpr (group >= 16) a = a + swap_lanes<8>(a);
  return a;
}
template <int group>
LT_INLINE f32x16 max_group(f32x16 a) {
  if constexpr (group >= 2) a = max(a, swap_lanes<1>(a));
  if constexpr (group >= 4) a = max(a, swap_lanes<2>(a));
  if constexpr (group >= 8) a = max(a, swap_lanes<4>(a));
  if constexpr (group >= 16) a = max(a, swap_lanes<8>(a));
  return a;
}
// Whichever of a and b is larger in size, a where they are equal.
LT_INLINE f32x16 larger(f32x16 a, f32x16 b) { return where_less(abs(a), abs(b), b, a); }

constexpr int side_by_side = 16;

template <int n, int group>
struct Lanes {
  f32x16 x[n], w[n];              // x divided by unit; weights divided so that a group's largest is in [1, 2)
  f32x16 unit;                    // the power of two below the group's largest |x|: every x is in (-2, 2)
  f32x16 sum_w, sum_wx, sum_wxx;  // over a lane's values
};

// Values [0, blocks n) of p, a column a block; columns from `blocks` on are 0.
template <int n>
LT_NOINLINE void columns(const float* p, int blocks, f32x16* out) {
  for (int c = 0; c < n; c += 16) {
    f32x16 tile[16];
    for (int b = 0; b < 16; b++) tile[b] = b < blocks ? load(p + b * n + c) : zero();
    transpose(tile);
    for (int i = 0; i < 16; i++) out[c + i] = tile[i];
  }
}

// The power of two that a group is divided by, from the sizes of its lanes; huge where there is nothing but zeros, so that they
// stay zeros. Nothing below 2^-100 has a scale in any format that comes here.
template <int group>
LT_INLINE f32x16 unit_of(f32x16 largest) {
  const f32x16 all = max_group<group>(largest);
  return where_less(all, set1(0x1p-100f), set1(0x1p100f), power_below(all));
}

// Reads `blocks` lanes from value `first` of a row on.
template <int n, int group>
LT_NOINLINE void gather(const Row& row, int64_t first, int blocks, Lanes<n, group>& v) {
  columns<n>(row.x + first, blocks, v.x);
  columns<n>(row.weights + first, blocks, v.w);
  const f32x16 limit = set1(0x1p100f);  // beyond every scale: what is larger saturates all the same
  for (int i = 0; i < n; i++) v.x[i] = clamp(v.x[i], zero() - limit, limit);
}

// No weight stays 0: a block that nothing weighs is still a block worth having.
template <int n, int group>
LT_NOINLINE void normalize(Lanes<n, group>& v) {
  f32x16 x_size = zero(), w_size = zero();
  for (int i = 0; i < n; i++) {
    x_size = max(x_size, abs(v.x[i]));
    w_size = max(w_size, v.w[i]);
  }
  v.unit = unit_of<group>(x_size);
  const f32x16 x_inverse = set1(1.0f) / v.unit;
  const f32x16 w_all = max_group<group>(w_size), lowest = set1(0x1p-100f);
  const f32x16 w_inverse = where_less(w_all, lowest, zero(), set1(1.0f) / power_below(max(w_all, lowest)));
  v.sum_w = v.sum_wx = v.sum_wxx = zero();
  for (int i = 0; i < n; i++) {
    v.x[i] = v.x[i] * x_inverse;
    v.w[i] = max(v.w[i] * w_inverse, set1(0x1p-40f));
    const f32x16 wx = v.w[i] * v.x[i];
    v.sum_w = v.sum_w + v.w[i];
    v.sum_wx = v.sum_wx + wx;
    v.sum_wxx = fma(wx, v.x[i], v.sum_wxx);
  }
}

// Calls each(v, first block, blocks) for as many blocks as lie side by side; a block is `group` lanes of n values.
template <int n, int group, class Each>
LT_INLINE void over_blocks(const Row& row, const Each& each) {
  constexpr int64_t length = n * group, most = side_by_side / group;
  Lanes<n, group> v;
  for (int64_t block = 0; block < row.cols / length; block += most) {
    const int64_t left = row.cols / length - block;
    const int count = static_cast<int>(left < most ? left : most);
    gather(row, block * length, count * group, v);
    each(v, block, count);
  }
}

// What scales are multiplied by where Row::unbiased asks for it: sum w x^2 over sum w x y, y decoded, which is what the least squared
// error explains. At most 2, as where next to nothing is hit.
LT_INLINE f32x16 raise(const Row& row, f32x16 squares, f32x16 explained) {
  const f32x16 one = set1(1.0f), two = set1(2.0f);
  if (!row.unbiased) return one;
  return where_less(explained + explained, squares, two, max(divide(squares, explained), one));
}

// The half nearest to a scale of x / unit, itself as a scale of x / unit: what the decoder will use.
LT_INLINE f32x16 as_half(f32x16 scale, f32x16 unit) {
  const f32x16 most = set1(65504.0f);
  uint16_t halves[16];
  store_f16(halves, clamp(scale * unit, zero() - most, most));
  return load_f16(halves) / unit;
}
LT_INLINE void store_halves(uint16_t* out, f32x16 scale, f32x16 unit) {
  const f32x16 most = set1(65504.0f);
  store_f16(out, clamp(scale * unit, zero() - most, most));
}

// Bytes of a block's n codes, block after block.
template <int n>
LT_NOINLINE void scatter(f32x16* codes, uint8_t* out) {
  for (int c = 0; c < n; c += 16) {
    f32x16 tile[16];
    for (int i = 0; i < 16; i++) tile[i] = codes[c + i];
    transpose(tile);
    for (int b = 0; b < 16; b++) store_bytes(out + b * n + c, tile[b]);
  }
}

}  // namespace lt::encode::LT_ISA
