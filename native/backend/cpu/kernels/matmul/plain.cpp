// Weights that are plain numbers, and every type decoded to f32: sixteen lanes, lane = k mod 16, k ascending, then the fold and
// the bias. A tile keeps rows x tokens such accumulators along k in registers, so that one row and many give the same bits.
#include "backend/cpu/kernels.h"
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

struct F32 {
  static constexpr int bytes = 4;
  LT_INLINE f32x16 at(const uint8_t* row, int64_t k) { return load(reinterpret_cast<const float*>(row) + k); }
  LT_INLINE f32x16 at(const uint8_t* row, int64_t k, int64_t n) { return load(reinterpret_cast<const float*>(row) + k, n); }
};
struct F16 {
  static constexpr int bytes = 2;
  LT_INLINE f32x16 at(const uint8_t* row, int64_t k) { return load_f16(reinterpret_cast<const uint16_t*>(row) + k); }
  LT_INLINE f32x16 at(const uint8_t* row, int64_t k, int64_t n) { return load_f16(reinterpret_cast<const uint16_t*>(row) + k, n); }
};
struct BF16 {
  static constexpr int bytes = 2;
  LT_INLINE f32x16 at(const uint8_t* row, int64_t k) { return load_bf16(reinterpret_cast<const uint16_t*>(row) + k); }
  LT_INLINE f32x16 at(const uint8_t* row, int64_t k, int64_t n) { return load_bf16(reinterpret_cast<const uint16_t*>(row) + k, n); }
};

static int64_t padded(int64_t cols) { return (cols + 15) / 16 * 16; }

// One vector of k of R rows and T tokens.
template <class W, int R, int T>
LT_INLINE void step(f32x16 (&acc)[R][T], const uint8_t* w, int64_t w_stride, const float* x, int64_t x_stride, int64_t k, int64_t n = 16) {
  f32x16 v[R];
  LT_UNROLL for (int r = 0; r < R; r++) v[r] = n == 16 ? W::at(w + r * w_stride, k) : W::at(w + r * w_stride, k, n);
  LT_UNROLL for (int t = 0; t < T; t++) {
    const f32x16 u = load(x + t * x_stride + k);
    LT_UNROLL for (int r = 0; r < R; r++) acc[r][t] = fma(v[r], u, acc[r][t]);
  }
}

// R rows from `row` on times T tokens from `token` on, all of k. ahead: bytes from a weight to the one to fetch meanwhile.
template <class W, int R, int T, bool Ahead>
LT_NOINLINE void tile(const MatmulPiece& p, int64_t row, int64_t token, int64_t ahead) {
  const int64_t cols = p.cols, w_stride = p.w_stride, x_stride = padded(cols);
  const uint8_t* w = p.w + row * w_stride;
  const float* x = static_cast<const float*>(p.prepared) + token * x_stride;
  f32x16 acc[R][T];
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int t = 0; t < T; t++) acc[r][t] = zero();
  int64_t k = 0;
  for (; k + 32 <= cols; k += 32) {
    if (Ahead) LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int i = 0; i < 32 * W::bytes; i += 64) {
        prefetch_far(w + r * w_stride + k * W::bytes + ahead + i);
      }
    step<W>(acc, w, w_stride, x, x_stride, k);
    step<W>(acc, w, w_stride, x, x_stride, k + 16);
  }
  if (k + 16 <= cols) step<W>(acc, w, w_stride, x, x_stride, k), k += 16;
  if (k < cols) step<W>(acc, w, w_stride, x, x_stride, k, cols - k);
  LT_UNROLL for (int t = 0; t < T; t++) {
    float* y = result(p, token + t) + row;
    LT_UNROLL for (int r = 0; r < R; r++) y[r] = p.bias ? fold_add(acc[r][t]) + p.bias[row + r] : fold_add(acc[r][t]);
  }
}

using TileFn = void(const MatmulPiece&, int64_t, int64_t, int64_t);

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
  const int64_t most = count == 1 ? 1 : wide ? wide_rows : tile_rows;  // one token: one row reads fastest, as fast as bare loads
  for (int64_t row = p.first; row < p.last;) {
    const int64_t left = p.last - row, rows = left >= most ? most : left >= 2 && most > 2 ? 2 : 1;
    for (int64_t i = 0; i < tiles; i++) {
      // Nearly equal tiles: 13 tokens are 4, 4 and 5.
      int64_t t = from + count * i / tiles, end = from + count * (i + 1) / tiles;
      const bool ahead = i == 0 && from == 0;
      const int64_t distance = p.x_rows == 1 ? 8192 : rows * p.w_stride;
      for (const int64_t step = rows == most ? end - t : tile_tokens; t < end; t += step) {
        const int64_t n = end - t < step ? end - t : step;
        (ahead ? tile_of<W, true>(rows, n) : tile_of<W, false>(rows, n))(p, row, t, distance);
      }
    }
    row += rows;
  }
}

template <class W>
static void run(const MatmulPiece& p) {
  constexpr int64_t cached = 384 << 10;  // bytes of tokens that stay in L2 beside the weights
  const int64_t most = cached / (padded(p.cols) * 4) / tile_tokens * tile_tokens;
  const int64_t tokens = most < tile_tokens ? tile_tokens : most;
  for (int64_t from = 0; from < p.x_rows; from += tokens) block<W>(p, from, from + tokens < p.x_rows ? from + tokens : p.x_rows);
}

static size_t prepared_bytes(int64_t rows, int64_t cols) { return static_cast<size_t>(rows * padded(cols)) * 4; }

static void prepare(void* to, const float* x, int64_t x_stride, int64_t, int64_t cols, int64_t first, int64_t last) {
  const int64_t width = padded(cols);
  for (int64_t r = first; r < last; r++) {
    float* y = static_cast<float*>(to) + r * width;
    memcpy(y, x + r * x_stride, static_cast<size_t>(cols) * 4);
    for (int64_t i = cols; i < width; i++) y[i] = 0;
  }
}

extern const Prepare prepare_f32 = {prepared_bytes, prepare, 1};
extern const MatmulKernel matmul_f32 = {0, Format::f32, 12, run<F32>};
extern const MatmulKernel matmul_f16 = {1, Format::f32, 12, run<F16>};
extern const MatmulKernel matmul_bf16 = {30, Format::f32, 12, run<BF16>};

}  // namespace lt::cpu::LT_ISA
