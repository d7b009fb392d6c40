// Weights of F32 and F16, and every type decoded to f32 (plain.h).
#include "backend/cpu/kernels/matmul/plain.h"

namespace lt::cpu::LT_ISA {

template <class T>
LT_INLINE const T* numbers(const uint8_t* row, int64_t k) {
  return reinterpret_cast<const T*>(row) + k;
}

struct Plain {
  using Input = float;
  static constexpr int step = 16, multiple = 16;
  static constexpr bool flushes = false;
  static int64_t stride(int64_t cols) { return (cols + multiple - 1) / multiple * multiple; }
  LT_INLINE f32x16 inputs(const float* x, int64_t k) { return load(x + k); }
  LT_INLINE f32x16 add(f32x16 sum, f32x16 w, f32x16 x) { return fma(w, x, sum); }
};
struct F32 : Plain {
  static constexpr int weight_bytes = 4;
  LT_INLINE f32x16 weights(const uint8_t* row, int64_t k) { return load(numbers<float>(row, k)); }
  LT_INLINE f32x16 weights(const uint8_t* row, int64_t k, int64_t cols) {
    return cols - k >= 16 ? weights(row, k) : load(numbers<float>(row, k), cols - k);
  }
};
struct F16 : Plain {
  static constexpr int weight_bytes = 2;
  LT_INLINE f32x16 weights(const uint8_t* row, int64_t k) { return load_f16(numbers<uint16_t>(row, k)); }
  LT_INLINE f32x16 weights(const uint8_t* row, int64_t k, int64_t cols) {
    return cols - k >= 16 ? weights(row, k) : load_f16(numbers<uint16_t>(row, k), cols - k);
  }
};

static size_t prepared_bytes(int64_t rows, int64_t cols) { return static_cast<size_t>(rows * F32::stride(cols)) * 4; }

static void prepare(void* to, const float* x, int64_t x_stride, int64_t, int64_t cols, int64_t first, int64_t last) {
  const int64_t width = F32::stride(cols);
  for (int64_t r = first; r < last; r++) {
    float* y = static_cast<float*>(to) + r * width;
    memcpy(y, x + r * x_stride, static_cast<size_t>(cols) * 4);
    for (int64_t i = cols; i < width; i++) y[i] = 0;
  }
}

extern const Prepare prepare_f32 = {prepared_bytes, prepare, 1};
extern const MatmulKernel matmul_f32 = {0, Format::f32, 12, run<F32>};
extern const MatmulKernel matmul_f16 = {1, Format::f32, 12, run<F16>};

}  // namespace lt::cpu::LT_ISA
