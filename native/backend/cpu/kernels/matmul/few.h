// The matmul of a few tokens: a block of the group's rows is unpacked into a record, which all tokens use while it is in the first
// cache. The sums of all four chains wait in the scratch meanwhile: what panel.h does with K from end to end, a block at a time.
#pragma once
#include "backend/cpu/kernels/matmul/panel.h"

namespace lt::cpu::LT_ISA {

constexpr int64_t few_rows = 12;

template <class K, int T>
void add_block(float* sums, const uint8_t* w, const uint8_t* a) {
  floats acc[tile_rows][T];
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < tile_rows; ++r) acc[r][t] = load_floats(sums + (t * tile_rows + r) * lanes);
  K::template block<T>(acc, w, a);
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < tile_rows; ++r) store_floats(sums + (t * tile_rows + r) * lanes, acc[r][t]);
}

template <class K, int T = tile_tokens>
void add_block_of(int64_t width, float* sums, const uint8_t* w, const uint8_t* a) {
  if constexpr (T > 1) {
    if (width < T) return add_block_of<K, T - 1>(width, sums, w, a);
  }
  add_block<K, T>(sums, w, a);
}

// sums: [chain][token][group_rows], of `count` tokens from `first` on.
inline void store_sums(const MatmulPiece& p, const Group& group, const float* sums, int64_t first, int64_t count) {
  const int64_t chain = count * group_rows;
  const float* bias = p.bias ? p.bias + group.first : nullptr;
  for (int64_t t = 0; t < count; ++t) {
    for (int r = 0; r < tile_rows; ++r) {
      const float* s = sums + t * group_rows + r * lanes;
      const floats low = add_floats(load_floats(s), load_floats(s + chain));
      const floats high = add_floats(load_floats(s + 2 * chain), load_floats(s + 3 * chain));
      store_rows(result(p, first + t) + group.first, r, group.count, add_floats(low, high), bias, false);
    }
  }
}

template <class K>
void run_few(const MatmulPiece& p) {
  constexpr int run = 8;
  static_assert(sizeof(float) * 4 * few_rows * group_rows + K::record_bytes <= panel_bytes);
  const Tiles tiles(p.x_rows);
  const Chains chains{p.cols / K::values};
  float* sums = reinterpret_cast<float*>(p.panel);
  uint8_t* record = p.panel + sizeof(float) * 4 * few_rows * group_rows;
  const uint8_t* a = static_cast<const uint8_t*>(p.prepared);
  alignas(64) uint16_t head[run][K::head_halfs];
  for (int64_t m = p.first; m < p.last; m += group_rows) {
    const Group group(p, m);
    Ahead ahead = group.ahead(p, chains.blocks * K::unpack_calls);
    memset(sums, 0, sizeof(float) * size_t(4 * p.x_rows * group_rows));
    for (int64_t b = 0; b < chains.blocks; ++b) {
      for (int64_t i = b; b % run == 0 && i < b + run && i < chains.blocks; ++i) K::heads(head[i % run], group.rows, i);
      K::unpack(record, head[b % run], group.rows, b, ahead);
      for (int64_t i = 0; i < tiles.count; ++i) {
        const int64_t first = tiles.first(i), width = tiles.width(i);
        add_block_of<K>(width, sums + (b % 4 * p.x_rows + first) * group_rows, record,
                        a + (first * chains.blocks + chains.place(b) * width) * K::token_bytes);
      }
    }
    store_sums(p, group, sums, 0, p.x_rows);
  }
}

}  // namespace lt::cpu::LT_ISA
