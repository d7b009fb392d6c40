// Weights of BF16 times inputs that are rounded to BF16: lane i of 16 takes columns 32 k + 2 i + 1 and then 32 k + 2 i, k ascending, a
// fused multiply-add each, in which numbers below the normal ones count as zero. That is what vdpbf16ps computes (Intel's manual; the
// same bits on a Zen 4), and other CPUs compute it with two multiply-adds, from the same words, a pair in each lane.
#include "backend/cpu/kernels/matmul/plain.h"

namespace lt::cpu::LT_ISA {

constexpr int64_t pairs = 32;  // columns of a vector of pairs

// To nearest, ties to even. A NaN stays one, and what is below the normal numbers becomes zero.
LT_INLINE uint32_t rounded(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  const uint32_t size = u & 0x7fffffff;
  const uint32_t number = size < 0x00800000 ? u & 0x80000000 : u + 0x7fff + (u >> 16 & 1);
  return (size > 0x7f800000 ? u | 0x00400000 : number) >> 16;
}

// Columns from a prepared row to the next: whole vectors, one more where rows would lie whole pages apart, as they would meet in few sets
// of the first cache.
template <class T>
LT_INLINE int64_t columns_apart(int64_t cols) {
  const int64_t whole = (cols + pairs - 1) / pairs * pairs;
  return whole * int64_t{sizeof(T)} % 4096 == 0 ? whole + pairs : whole;
}

// Columns [k, k + pairs) of a row, zeros from cols on.
struct Pairs {
  uint16_t at[pairs];
};
LT_INLINE Pairs tail(const uint8_t* row, int64_t k, int64_t cols) {
  Pairs t = {};
  memcpy(t.at, row + k * 2, static_cast<size_t>(cols - k < pairs ? cols - k : pairs) * 2);
  return t;
}

// Two steps a vector of pairs: its odd columns, then the even ones. Inputs are floats in that order.
struct Wide {
  using Input = float;
  static constexpr int weight_bytes = 2, step = 16, multiple = pairs;
  static constexpr bool flushes = true;
  static int64_t stride(int64_t cols) { return columns_apart<Input>(cols); }
  LT_INLINE f32x16 half(const uint16_t* pair, int64_t k) { return k % pairs == 0 ? load_bf16_odd(pair) : load_bf16_even(pair); }
  LT_INLINE f32x16 weights(const uint8_t* row, int64_t k) { return half(reinterpret_cast<const uint16_t*>(row) + k / pairs * pairs, k); }
  LT_INLINE f32x16 weights(const uint8_t* row, int64_t k, int64_t cols) { return half(tail(row, k / pairs * pairs, cols).at, k); }
  LT_INLINE f32x16 inputs(const float* x, int64_t k) { return load(x + k); }
  LT_INLINE f32x16 add(f32x16 sum, f32x16 w, f32x16 x) { return fma(w, x, sum); }
};

static void prepare_wide(void* to, const float* x, int64_t x_stride, int64_t, int64_t cols, int64_t first, int64_t last) {
  const int64_t width = Wide::stride(cols);
  for (int64_t r = first; r < last; r++) {
    const float* from = x + r * x_stride;
    float* row = static_cast<float*>(to) + r * width;
    for (int64_t k = 0; k < padded<Wide>(cols); k += pairs) {
      float part[pairs] = {};
      uint32_t wide[pairs];
      memcpy(part, from + k, static_cast<size_t>(cols - k < pairs ? cols - k : pairs) * 4);
      for (int i = 0; i < 16; i++) wide[i] = rounded(part[2 * i + 1]) << 16, wide[16 + i] = rounded(part[2 * i]) << 16;
      memcpy(row + k, wide, sizeof wide);
    }
  }
}
static size_t wide_bytes(int64_t rows, int64_t cols) { return static_cast<size_t>(rows * Wide::stride(cols)) * 4; }

static void run_wide(const MatmulPiece& p) {
  const auto before = begin_flushing();
  run<Wide>(p);
  end_flushing(before);
}

extern const Prepare prepare_bf16_wide = {wide_bytes, prepare_wide, 1};
extern const MatmulKernel matmul_bf16 = {30, Format::bf16_wide, 12, run_wide};

#ifdef LT_ISA_AVX512

// By the instruction, a vector of pairs at a time.
struct Dot {
  using Input = uint16_t;
  static constexpr int weight_bytes = 2, step = pairs, multiple = pairs;
  static constexpr bool flushes = true;
  static int64_t stride(int64_t cols) { return columns_apart<Input>(cols); }
  LT_INLINE bf16x32 weights(const uint8_t* row, int64_t k) { return load_bf16_pairs(reinterpret_cast<const uint16_t*>(row) + k); }
  LT_INLINE bf16x32 weights(const uint8_t* row, int64_t k, int64_t cols) {
    return load_bf16_pairs(reinterpret_cast<const uint16_t*>(row) + k, cols - k);
  }
  LT_INLINE bf16x32 inputs(const uint16_t* x, int64_t k) { return load_bf16_pairs(x + k); }
  LT_INLINE f32x16 add(f32x16 sum, bf16x32 w, bf16x32 x) { return dot_bf16(w, x, sum); }
};

static void prepare_pairs(void* to, const float* x, int64_t x_stride, int64_t, int64_t cols, int64_t first, int64_t last) {
  const int64_t width = Dot::stride(cols);
  for (int64_t r = first; r < last; r++) {
    uint16_t* row = static_cast<uint16_t*>(to) + r * width;
    for (int64_t i = 0; i < cols; i++) row[i] = static_cast<uint16_t>(rounded(x[r * x_stride + i]));
    for (int64_t i = cols; i < padded<Dot>(cols); i++) row[i] = 0;
  }
}
static size_t pairs_bytes(int64_t rows, int64_t cols) { return static_cast<size_t>(rows * Dot::stride(cols)) * 2; }

static void run_dot(const MatmulPiece& p) {
  const auto before = begin_flushing();  // for the folds
  run<Dot>(p);
  end_flushing(before);
}

extern const Prepare prepare_bf16 = {pairs_bytes, prepare_pairs, 1};
extern const MatmulKernel matmul_bf16_dot = {30, Format::bf16, 12, run_dot};

#endif

}  // namespace lt::cpu::LT_ISA
