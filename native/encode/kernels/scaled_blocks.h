// Blocks of one f16 scale and 32 codes of a grid.
#pragma once
#include "encode/kernels/scaled.h"

namespace lt::encode::LT_ISA {

// Calls pack(codes of a block, bytes, plus `offset`; its block), with the block's d set.
template <class Block, class Grid, class Pack>
LT_INLINE void encode_scaled(const Row& row, void* blocks, const Grid& grid, const ScaledPlan& plan, float offset, const Pack& pack) {
  constexpr int n = 32;
  over_blocks<n, 1>(row, [&](Lanes<n, 1>& v, int64_t block, int count) {
    normalize(v);
    const Scaled a = search_scaled<1>(v, grid, plan);
    scaled_codes(v, grid, as_half(a.scale, v.unit));
    for (int i = 0; i < n; i++) v.x[i] = v.x[i] + set1(offset);
    uint8_t q[side_by_side * n];
    uint16_t d[side_by_side];
    scatter<n>(v.x, q);
    store_halves(d, a.scale * raise(row, v.sum_wxx, a.explained), v.unit);
    Block* out = static_cast<Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].d = d[b];
      pack(q + n * b, out[b]);
    }
  });
}

}  // namespace lt::encode::LT_ISA
