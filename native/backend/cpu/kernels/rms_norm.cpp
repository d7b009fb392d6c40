// y = x / sqrt(mean(x^2) + eps) * w, each of `heads` stretches of `count` columns by itself.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

static float sum_of_squares(const float* x, int64_t count) {
  f32x16 sum = zero();
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const f32x16 v = load(x + i);
    sum = fma(v, v, sum);
  }
  if (i < count) {
    const f32x16 v = load(x + i, count - i);
    sum = fma(v, v, sum);
  }
  return fold_add(sum);
}

static void scale(float* y, const float* x, const float* w, float by, int64_t count) {
  const f32x16 s = set1(by);
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(y + i, w ? load(x + i) * s * load(w + i) : load(x + i) * s);
  if (const int64_t n = count - i) store(y + i, w ? load(x + i, n) * s * load(w + i, n) : load(x + i, n) * s, n);
}

void rms_norm(float* y, const float* x, const float* w, float eps, int64_t count, int64_t heads) {
  for (int64_t h = 0; h < heads; h++) {
    const float mean = sum_of_squares(x + h * count, count) / static_cast<float>(count);
    scale(y + h * count, x + h * count, w, 1.0f / sqrtf(mean + eps), count);
  }
}

}  // namespace lt::cpu::LT_ISA
