// The multiply-add rate that kernels are measured against: twelve independent sums in registers, nothing read from memory.
#include "backend/cpu/kernels/rows.h"
#include "backend/cpu/simd.h"
#include "backend/cpu/simd_int.h"

namespace lt::cpu::LT_ISA {

constexpr int sums = 12;
static volatile float sink;  // the sums are wanted, so they are computed

double peak_f32(int64_t rounds) {
  f32x16 acc[sums];
  const f32x16 w = set1(sink + 1e-3f), x = set1(sink + 1.5f);
  LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = set1(static_cast<float>(i));
  for (int64_t r = 0; r < rounds; r++) LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = fma(w, x, acc[i]);
  for (int i = 1; i < sums; i++) acc[0] = acc[0] + acc[i];
  sink = fold_add(acc[0]) * 1e-30f;
  return 2.0 * 16 * sums * static_cast<double>(rounds);
}

double peak_int8(int64_t rounds) {
  dots acc[sums];
  uint8_t bits[sums * sizeof(dots)], ones[64];  // different beginnings: equal sums would be computed once
  memset(ones, 1 + (sink > 1), sizeof ones);
  for (size_t i = 0; i < sizeof bits; i++) bits[i] = static_cast<uint8_t>(i / sizeof(dots));
  memcpy(acc, bits, sizeof bits);
  const bytes w = load_bytes(ones);
  for (int64_t r = 0; r < rounds; r++) LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = dot(acc[i], w, w);
  memcpy(bits, acc, sizeof bits);
  float any = 0;
  for (size_t i = 0; i < sizeof bits; i++) any += static_cast<float>(bits[i]);
  sink = any * 1e-30f;
  return 2.0 * static_cast<double>(sizeof(bytes)) * sums * static_cast<double>(rounds);
}

}  // namespace lt::cpu::LT_ISA
