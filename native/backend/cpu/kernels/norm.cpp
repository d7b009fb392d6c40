// y = x / sqrt(mean(x^2) + eps) * w + b, or of x less its mean; each of `heads` stretches of columns by itself. y may be x.
// Sums are of 16 lanes, lane = column mod 16, ascending, then folded.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

static float sum_of(const float* x, int64_t count) {
  f32x16 sum = zero();
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) sum = sum + load(x + i);
  if (i < count) sum = sum + load(x + i, count - i);
  return fold_add(sum);
}

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

static float sum_of_squares_from(const float* x, float mean, int64_t count) {
  f32x16 sum = zero();
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t n = count - i < 16 ? count - i : 16;
    const f32x16 v = keep(load(x + i, n) - set1(mean), 0, n, 0.0f);
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

static void subtract(float* y, const float* x, float mean, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t n = count - i < 16 ? count - i : 16;
    store(y + i, load(x + i, n) - set1(mean), n);
  }
}

static void add(float* y, const float* b, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t n = count - i < 16 ? count - i : 16;
    store(y + i, load(y + i, n) + load(b + i, n), n);
  }
}

void norm(const NormRow& r) {
  for (int64_t h = 0; h < r.heads; h++) {
    float* y = r.y + h * r.count;
    const float *x = r.x + h * r.count, *w = r.w ? r.w + h * r.w_step : nullptr;
    const auto n = static_cast<float>(r.count);
    const float mean = r.centred ? sum_of(x, r.count) / n : 0.0f;
    const float squares = r.centred ? sum_of_squares_from(x, mean, r.count) : sum_of_squares(x, r.count);
    if (r.centred) subtract(y, x, mean, r.count);
    scale(y, r.centred ? y : x, w, 1.0f / sqrtf(squares / n + r.eps), r.count);
    if (r.b) add(y, r.b + h * r.b_step, r.count);
  }
}

}  // namespace lt::cpu::LT_ISA
