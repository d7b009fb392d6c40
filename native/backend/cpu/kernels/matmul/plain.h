// Tiles of weights that are plain numbers, and of every type decoded to f32: sixteen lanes along k, k ascending, then the fold and
// the bias. A tile keeps rows x tokens such sums in registers, so that one row and many give the same bits.
//
// A weight type W gives
//   weight_bytes             of a column
//   Input                    a column of a prepared row, which zeros fill to a multiple of `multiple` columns
//   stride(cols)             columns from a prepared row to the next
//   step                     the columns that are added at a time
//   weights(row, k)          those of columns [k, k + step)
//   weights(row, k, cols)    the same before the end of a row that ends within the next `multiple` columns: zeros from there on
//   inputs(x, k), add(sum, w, x)
//   flushes                  whether numbers below the normal ones count as zero (flush.h)
#pragma once
#include "backend/cpu/kernels.h"
#include "backend/cpu/kernels/matmul/flush.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

// wide_*: the tile for 7 and 8 tokens, which two narrower ones would read the weights twice for.
#if defined(LT_ISA_AVX512)
constexpr int tile_rows = 4, tile_tokens = 6, wide_rows = 3, wide_tokens = 8;
#elif defined(LT_ISA_AVX2)
constexpr int tile_rows = 2, tile_tokens = 3, wide_rows = 0, wide_tokens = 3;
#elif defined(LT_ISA_NEON)
constexpr int tile_rows = 2, tile_tokens = 2, wide_rows = 0, wide_tokens = 2;
#else
constexpr int tile_rows = 1, tile_tokens = 3, wide_rows = 0, wide_tokens = 3;
#endif

template <class W>
LT_INLINE int64_t padded(int64_t cols) {
  return (cols + W::multiple - 1) / W::multiple * W::multiple;
}

// Columns [k, k + W::step) of R rows and T tokens; `cols` of the row, where it ends before the next multiple, else 0.
template <class W, int R, int T>
LT_INLINE void add_columns(f32x16 (&acc)[R][T], const uint8_t* w, int64_t w_stride, const typename W::Input* x, int64_t x_stride, int64_t k,
                           int64_t cols, Small& small) {
  decltype(W::weights(w, k)) v[R];
  LT_UNROLL for (int r = 0; r < R; r++) {
    v[r] = cols == 0 ? W::weights(w + r * w_stride, k) : W::weights(w + r * w_stride, k, cols);
    if constexpr (W::flushes) watch(small, v[r]);
  }
  LT_UNROLL for (int t = 0; t < T; t++) {
    const auto u = W::inputs(x + t * x_stride, k);
    LT_UNROLL for (int r = 0; r < R; r++) {
      acc[r][t] = W::add(acc[r][t], v[r], u);
      if constexpr (W::flushes) watch(small, acc[r][t]);
    }
  }
}

// R rows, row + r * apart, times T tokens from `token` on, all of k. ahead: bytes from a weight to the one to fetch meanwhile.
template <class W, int R, int T, bool Ahead>
LT_NOINLINE void tile(const MatmulPiece& p, int64_t row, int64_t token, int64_t apart, int64_t ahead) {
  const int64_t cols = p.cols, w_stride = apart * p.w_stride, x_stride = W::stride(cols);
  const uint8_t* w = p.w + row * p.w_stride;
  const auto* x = static_cast<const typename W::Input*>(p.prepared) + token * x_stride;
  f32x16 acc[R][T];
  Small small;
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int t = 0; t < T; t++) acc[r][t] = zero();
  int64_t k = 0;
  for (; k + 32 <= cols; k += 32) {
    if (Ahead) LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int i = 0; i < 32 * W::weight_bytes; i += 64) {
        prefetch_far(w + r * w_stride + k * W::weight_bytes + ahead + i);
      }
    LT_UNROLL for (int i = 0; i < 32; i += W::step) add_columns<W>(acc, w, w_stride, x, x_stride, k + i, 0, small);
  }
  for (; k < padded<W>(cols); k += W::step) add_columns<W>(acc, w, w_stride, x, x_stride, k, cols, small);
  LT_UNROLL for (int t = 0; t < T; t++) {
    float* y = result(p, token + t) + row;
    float sums[4];
    if constexpr (R > 2 && wide_rows > 0)  // AVX-512: four take half as many instructions together
      fold_add(sums, acc[0][t], acc[1][t], acc[2][t], acc[R - 1][t]);
    else
      LT_UNROLL for (int r = 0; r < R; r++) sums[r] = W::flushes ? flushed_fold(acc[r][t]) : fold_add(acc[r][t]);
    LT_UNROLL for (int r = 0; r < R; r++) {
      if (p.bias) sums[r] = W::flushes ? flushed_sum(sums[r], p.bias[row + r * apart]) : sums[r] + p.bias[row + r * apart];
      y[r * apart] = sums[r];
    }
  }
#ifdef LT_FLUSHES_AGAIN
  if constexpr (W::flushes)
    if (any(small))
      for (int r = 0; r < R; r++) row_again<W>(p, row + r * apart, token, T);
#endif
}

using TileFn = void(const MatmulPiece&, int64_t, int64_t, int64_t, int64_t);

template <class W, int R, bool Ahead>
static TileFn* tile_of(int64_t tokens) {
  if constexpr (wide_rows == R) {
    if (tokens == 8) return tile<W, R, 8, Ahead>;
    if (tokens == 7) return tile<W, R, 7, Ahead>;
  }
  if constexpr (tile_tokens >= 6) {
    if (tokens == 6) return tile<W, R, 6, Ahead>;
    if (tokens == 5) return tile<W, R, 5, Ahead>;
    if (tokens == 4) return tile<W, R, 4, Ahead>;
  }
  if constexpr (tile_tokens >= 3)
    if (tokens == 3) return tile<W, R, 3, Ahead>;
  return tokens == 2 ? tile<W, R, 2, Ahead> : tile<W, R, 1, Ahead>;
}

template <class W, bool Ahead>
static TileFn* tile_of(int64_t rows, int64_t tokens) {
  if constexpr (wide_rows > 0)
    if (rows == wide_rows) return tile_of<W, wide_rows, Ahead>(tokens);
  if (rows == 1) return tile_of<W, 1, Ahead>(tokens);
  return rows == 2 ? tile_of<W, 2, Ahead>(tokens) : tile_of<W, tile_rows, Ahead>(tokens);
}

// Rows [first, last) of all tokens of [from, to): a row group's weights stay in L1 while the tokens pass.
template <class W>
static void block(const MatmulPiece& p, int64_t from, int64_t to) {
  const int64_t count = to - from;
  const bool wide = count > tile_tokens && count <= wide_tokens;
  const int64_t tiles = wide ? 1 : (count + tile_tokens - 1) / tile_tokens;
  const int64_t most = wide ? wide_rows : tile_rows;
  for (int64_t row = p.first; row < p.last;) {
    const int64_t left = p.last - row, rows = left >= most ? most : left >= 2 && most > 2 ? 2 : 1;
    for (int64_t i = 0; i < tiles; i++) {
      // Nearly equal tiles: 13 tokens are 4, 4 and 5.
      int64_t t = from + count * i / tiles, end = from + count * (i + 1) / tiles;
      const bool ahead = i == 0 && from == 0;
      for (const int64_t step = rows == most ? end - t : tile_tokens; t < end; t += step) {
        const int64_t n = end - t < step ? end - t : step;
        (ahead ? tile_of<W, true>(rows, n) : tile_of<W, false>(rows, n))(p, row, t, 1, rows * p.w_stride);
      }
    }
    row += rows;
  }
}

// One token waits for memory. Four rows at a time, each in a quarter of the piece that is read from end to end, are four streams that the
// hardware follows at once; it stops at the ends of pages, where a short distance of our own goes on. On a Zen 4 (BF16, rows of 4 KB) one
// thread reads 31 GB/s of the 32 that bare loads do, one row and 8 KB ahead 22.5; over pages of 4 KB 26 and 19. Inputs of twice the bytes
// of the weights, once the first cache does not hold them, are misses between these streams: then one row, far ahead, reads fastest.
template <class W>
static void one_token(const MatmulPiece& p) {
  constexpr int64_t near = 1024, far = 8192, held = 16 << 10;
  constexpr int streams = tile_rows > 1 ? 4 : 1;
  const bool missed = int64_t{sizeof(typename W::Input)} > W::weight_bytes && p.cols * int64_t{sizeof(typename W::Input)} > held;
  int64_t row = p.first;
  if (!missed) {
    const int64_t each = (p.last - p.first) / streams;
    for (; row < p.first + each; row++) tile<W, streams, 1, true>(p, row, 0, each, near);
    row += (streams - 1) * each;
  }
  for (; row < p.last; row++) tile<W, 1, 1, true>(p, row, 0, 1, missed ? far : near);
}

template <class W>
static void run(const MatmulPiece& p) {
  if (p.x_rows == 1) return one_token<W>(p);
  constexpr int64_t cached = 384 << 10;  // bytes of tokens that stay in L2 beside the weights
  const int64_t most = cached / (W::stride(p.cols) * int64_t{sizeof(typename W::Input)}) / tile_tokens * tile_tokens;
  const int64_t tokens = most < tile_tokens ? tile_tokens : most;
  for (int64_t from = 0; from < p.x_rows; from += tokens) block<W>(p, from, from + tokens < p.x_rows ? from + tokens : p.x_rows);
}

}  // namespace lt::cpu::LT_ISA
