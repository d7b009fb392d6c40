// Blocks of 32 codes with a scale and a value of code 0, both f16: x = d * q + m.
#pragma once
#include "encode/kernels/affine.h"

namespace lt::encode::LT_ISA {

// What is searched is x less the block's lowest value: a block far from 0 keeps its precision.
template <int n, int group>
LT_INLINE f32x16 take_lowest(Lanes<n, group>& v) {
  f32x16 low = v.x[0];
  for (int i = 1; i < n; i++) low = min(low, v.x[i]);
  for (int i = 0; i < n; i++) v.x[i] = v.x[i] - low;
  return low;
}

// Calls pack(codes of a block, bytes; its block), with the block's d and m set.
template <class Block, class Pack>
LT_INLINE void encode_affine(const Row& row, void* blocks, float top, const AffineGrid& grid, const Pack& pack) {
  constexpr int n = 32;
  over_blocks<n, 1>(row, [&](Lanes<n, 1>& v, int64_t block, int count) {
    const f32x16 low = take_lowest(v), one = set1(1.0f);
    normalize(v);
    const Affine a = search_affine<true>(v, top, grid);
    uint8_t q[side_by_side * n];
    uint16_t d[side_by_side], m[side_by_side];
    store_halves(d, a.scale, v.unit);
    store_halves(m, low - a.minimum * v.unit, one);
    affine_codes(v, as_half(a.scale, v.unit), (low - load_f16(m)) / v.unit, top);
    scatter<n>(v.x, q);
    Block* out = static_cast<Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].d = d[b], out[b].m = m[b];
      pack(q + n * b, out[b]);
    }
  });
}

}  // namespace lt::encode::LT_ISA
