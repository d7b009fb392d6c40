// The matmul of many tokens: unpack group_rows weight rows into a panel of u8, then register tiles of rows x tokens over it.
//
// A panel is a record a block, in the order of chains, so that tiles read it (and the tokens' records beside it) from end to end:
// chain 0's sums grow in registers over all of its blocks, then chain 1's. Where a panel of all K does not fit the scratch, the
// chains {0, 1} go first and y holds their sums until {2, 3} are done.
//
// A kernel K gives: values and block_bytes of a block; record_bytes; token_bytes (of a block in the tiled activations);
//   heads(head, rows, b)                    gathers what lies scattered of block b, some blocks before
//   unpack(record, head, rows, b, ahead)    fills a record from block b of the group's rows, with unpack_calls of ahead
//   chain<T>(acc, w, a, n, ahead)           sums of n blocks from zero; moves w and a on
#pragma once
#include "backend/cpu/kernels/matmul/steps.h"

namespace lt::cpu::LT_ISA {

// Prefetches the next rows evenly while these are unpacked and multiplied: unpacking reads many streams at once, which no
// hardware follows. It goes on past the piece: what comes next in memory is most likely this thread's next piece.
struct Ahead {
  const uint8_t* at;
  int64_t step;  // bytes a call
  void next() {
    for (int64_t i = 0; i < step; i += 64) prefetch_far(at + i);
    at += step;
  }
};

struct Group {
  const uint8_t* rows[group_rows];  // those past the last repeat it
  int64_t first, count;

  Group(const MatmulPiece& p, int64_t m) : first(m), count(p.last - m < group_rows ? p.last - m : group_rows) {
    for (int64_t i = 0; i < group_rows; ++i) rows[i] = p.w + (m + (i < count ? i : count - 1)) * p.w_stride;
  }
  Ahead ahead(const MatmulPiece& p, int64_t calls) const {
    return {rows[0] + count * p.w_stride, (group_rows * p.w_stride + calls - 1) / calls};
  }
};

template <class K>
void unpack_panel(uint8_t* panel, const Group& group, Chains chains, int first_chain, int last_chain, Ahead& ahead) {
  constexpr int run = 8;
  const int64_t from = chains.first(first_chain);
  alignas(64) uint16_t head[run][K::head_halfs];
  for (int64_t b = 0; b < chains.blocks; b += run) {
    const int64_t n = chains.blocks - b < run ? chains.blocks - b : run;
    for (int64_t i = 0; i < n; ++i) K::heads(head[i], group.rows, b + i);
    for (int64_t i = 0; i < n; ++i) {
      const int chain = int((b + i) % 4);
      if (chain < first_chain || chain >= last_chain) continue;
      K::unpack(panel + (chains.place(b + i) - from) * K::record_bytes, head[i], group.rows, b + i, ahead);
    }
  }
}

// v to y[m + r * lanes ...], as far as the group has rows.
inline void store_rows(float* y, int64_t r, int64_t count, floats v, const float* bias, bool add) {
  const int64_t left = count - r * lanes;
  if (left >= lanes) {
    if (add) v = add_floats(load_floats(y + r * lanes), v);
    if (bias) v = add_floats(v, load_floats(bias + r * lanes));
    store_floats(y + r * lanes, v);
    return;
  }
  float lane[lanes];
  store_floats(lane, v);
  for (int64_t i = 0; i < left; ++i) {
    const float sum = add ? y[r * lanes + i] + lane[i] : lane[i];
    y[r * lanes + i] = bias ? sum + bias[r * lanes + i] : sum;
  }
}

template <class K, int T>
void run_tile(const MatmulPiece& p, const Group& group, int64_t token, int first_chain, int last_chain, Ahead& ahead) {
  const Chains chains{p.cols / K::values};
  const uint8_t* w = p.panel;
  const uint8_t* a =
      static_cast<const uint8_t*>(p.prepared) + token * chains.blocks * K::token_bytes + chains.first(first_chain) * K::token_bytes * T;
  floats sum[2][tile_rows][T];
  for (int c = first_chain; c < last_chain; c += 2) {
    floats(&even)[tile_rows][T] = sum[c / 2];
    floats odd[tile_rows][T];
    K::template chain<T>(even, w, a, chains.count(c), ahead);
    K::template chain<T>(odd, w, a, chains.count(c + 1), ahead);
    for (int r = 0; r < tile_rows; ++r)
      for (int t = 0; t < T; ++t) even[r][t] = add_floats(even[r][t], odd[r][t]);
  }
  const bool whole = last_chain - first_chain == 4;
  const float* bias = p.bias && last_chain == 4 ? p.bias + group.first : nullptr;
  for (int t = 0; t < T; ++t) {
    float* y = result(p, token + t) + group.first;
    for (int r = 0; r < tile_rows; ++r) {
      const floats v = whole ? add_floats(sum[0][r][t], sum[1][r][t]) : sum[first_chain / 2][r][t];
      store_rows(y, r, group.count, v, bias, first_chain == 2);
    }
  }
}

template <class K, int T = tile_tokens>
void run_tile_of(int64_t width, const MatmulPiece& p, const Group& group, int64_t token, int c0, int c1, Ahead& ahead) {
  if constexpr (T > 1) {
    if (width < T) return run_tile_of<K, T - 1>(width, p, group, token, c0, c1, ahead);
  }
  run_tile<K, T>(p, group, token, c0, c1, ahead);
}

template <class K>
void run_panels(const MatmulPiece& p) {
  const Tiles tiles(p.x_rows);
  const Chains chains{p.cols / K::values};
  const bool whole = size_t(chains.blocks) * K::record_bytes <= panel_bytes;
  static_assert((tile_max_cols / K::values + 3) / 4 * 2 * K::record_bytes <= int64_t(panel_bytes));
  for (int64_t m = p.first; m < p.last; m += group_rows) {
    const Group group(p, m);
    Ahead ahead = group.ahead(p, chains.blocks * (K::unpack_calls + tiles.count));
    for (int c = 0; c < 4; c += whole ? 4 : 2) {
      const int end = whole ? 4 : c + 2;
      unpack_panel<K>(p.panel, group, chains, c, end, ahead);
      for (int64_t i = 0; i < tiles.count; ++i) run_tile_of<K>(tiles.width(i), p, group, tiles.first(i), c, end, ahead);
    }
  }
}

}  // namespace lt::cpu::LT_ISA
