// Blocks of one f16 scale and many codes: `lanes` lanes of 16 values each.
#pragma once
#include "encode/kernels/scaled.h"

namespace lt::encode::LT_ISA {

// Calls pack(codes of a block, bytes, plus `offset`; its block), with the block's d set.
template <class Block, int lanes, class Pack>
LT_INLINE void encode_shared(const Row& row, void* blocks, const Whole& grid, const ScaledPlan& plan, float offset, const Pack& pack) {
  constexpr int n = 16;
  over_blocks<n, lanes>(row, [&](Lanes<n, lanes>& v, int64_t block, int count) {
    normalize(v);
    const Scaled a = search_scaled<lanes>(v, grid, plan);
    scaled_codes(v, grid, as_half(a.scale, v.unit));
    for (int i = 0; i < n; i++) v.x[i] = v.x[i] + set1(offset);
    uint8_t q[side_by_side * n];
    uint16_t d[side_by_side];
    scatter<n>(v.x, q);
    store_halves(d, a.scale * raise(row, add_group<lanes>(v.sum_wxx), a.explained), v.unit);
    Block* out = static_cast<Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].d = d[lanes * b];
      pack(q + n * lanes * b, out[b]);
    }
  });
}

}  // namespace lt::encode::LT_ISA
