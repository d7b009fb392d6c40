// Weights that are plain numbers, and every type decoded to f32: sixteen lanes, lane = k mod 16, k ascending, then the fold and
// the bias. A tile keeps rows x tokens such accumulators along k in registers, so that one row and many give the same bits.
#include "backend/cpu/kernels.h"
#include "backend/cpu/simd.h"

namespace lt::cpu::LT_ISA {

#if defined(LT_ISA_AVX512)
constexpr int tile_rows = 4, tile_tokens = 6;
#elif defined(LT_ISA_NEON)
constexpr int tile_rows = 2, tile_tokens = 2;
#else
constexpr int tile_rows = 1, tile_tokens = 6;
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

// R rows from w on times T tokens from x on, all of k. ahead: bytes from a weight to the one to prefetch, 0: none.
template <class W, int R, int T, bool Ahead>
LT_NOINLINE void tile(float* y, int64_t y_stride, const float* bias, const uint8_t* w, int64_t w_stride, const float* x, int64_t x_stride,
                      int64_t cols, int64_t ahead) {
  f32x16 acc[R][T];
  LT_UNROLL for (int r = 0; r < R; r++) LT_UNROLL for (int t = 0; t < T; t++) acc[r][t] = zero();
  int64_t k = 0;
  for (; k + 16 <= cols; k += 16) {
    f32x16 v[R];
    LT_UNROLL for (int r = 0; r < R; r++) {
      v[r] = W::at(w + r * w_stride, k);
      if (Ahead) prefetch(w + r * w_stride + k * W::bytes + ahead);
    }
    LT_UNROLL for (int t = 0; t < T; t++) {
      const f32x16 u = load(x + t * x_stride + k);
      LT_UNROLL for (int r = 0; r < R; r++) acc[r][t] = fma(v[r], u, acc[r][t]);
    }
  }
  if (const int64_t n = cols - k) {
    f32x16 v[R];
    LT_UNROLL for (int r = 0; r < R; r++) v[r] = W::at(w + r * w_stride, k, n);
    LT_UNROLL for (int t = 0; t < T; t++) {
      const f32x16 u = load(x + t * x_stride + k);
      LT_UNROLL for (int r = 0; r < R; r++) acc[r][t] = fma(v[r], u, acc[r][t]);
    }
  }
  LT_UNROLL for (int t = 0; t < T; t++) LT_UNROLL for (int r = 0; r < R; r++) {
    y[t * y_stride + r] = bias ? fold_add(acc[r][t]) + bias[r] : fold_add(acc[r][t]);
  }
}

using TileFn = void(float*, int64_t, const float*, const uint8_t*, int64_t, const float*, int64_t, int64_t, int64_t);

template <class W, int R, bool Ahead>
static TileFn* tile_of(int64_t tokens) {
  if constexpr (tile_tokens >= 6) {
    if (tokens == 6) return tile<W, R, 6, Ahead>;
    if (tokens == 5) return tile<W, R, 5, Ahead>;
    if (tokens == 4) return tile<W, R, 4, Ahead>;
    if (tokens == 3) return tile<W, R, 3, Ahead>;
  }
  return tokens == 2 ? tile<W, R, 2, Ahead> : tile<W, R, 1, Ahead>;
}

// Rows [first, last) of all tokens of [from, to): a row group's weights stay in L1 while the tokens pass.
template <class W>
static void block(const MatmulPiece& p, int64_t from, int64_t to) {
  const int64_t x_stride = padded(p.cols), tiles = (to - from + tile_tokens - 1) / tile_tokens;
  for (int64_t row = p.first; row < p.last;) {
    const int64_t most = to - from == 1 ? 2 : tile_rows;
    const int64_t rows = p.last - row >= most ? most : 1;
    for (int64_t i = 0; i < tiles; i++) {
      const int64_t t = from + (to - from) * i / tiles, n = from + (to - from) * (i + 1) / tiles - t;
      const bool ahead = i == 0 && from == 0;
      TileFn* run = nullptr;
      if (rows == 1)
        run = ahead ? tile_of<W, 1, true>(n) : tile_of<W, 1, false>(n);
      else if (rows == 2)
        run = ahead ? tile_of<W, 2, true>(n) : tile_of<W, 2, false>(n);
      else
        run = ahead ? tile_of<W, tile_rows, true>(n) : tile_of<W, tile_rows, false>(n);
      const int64_t distance = p.x_rows == 1 ? 8192 : rows * p.w_stride;
      run(p.y + t * p.y_stride + row, p.y_stride, p.bias ? p.bias + row : nullptr, p.w + row * p.w_stride, p.w_stride,
          static_cast<const float*>(p.prepared) + t * x_stride, x_stride, p.cols, distance);
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
extern const MatmulKernel matmul_f32 = {0, Format::f32, tile_rows, run<F32>};
extern const MatmulKernel matmul_f16 = {1, Format::f32, tile_rows, run<F16>};
extern const MatmulKernel matmul_bf16 = {30, Format::f32, tile_rows, run<BF16>};

}  // namespace lt::cpu::LT_ISA
