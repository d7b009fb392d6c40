// The multiply-add rate that kernels are measured against: twelve independent sums in registers, nothing read from memory.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

constexpr int sums = 12;
static volatile float sink;  // the sums are wanted, so they are computed

double peak_f32(int64_t rounds) {
  f32x16 acc[sums];
  float different[16 * sums];  // equal sums would be computed once
  for (int i = 0; i < 16 * sums; i++) different[i] = sink + static_cast<float>(i);
  const f32x16 w = set1(sink + 1e-3f), x = set1(sink + 1.5f);
  LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = load(different + 16 * i);
  for (int64_t r = 0; r < rounds; r++) LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = fma(w, x, acc[i]);
  for (int i = 1; i < sums; i++) acc[0] = acc[0] + acc[i];
  sink = fold_add(acc[0]) * 1e-30f;
  return 2.0 * 16 * sums * static_cast<double>(rounds);
}

}  // namespace lt::cpu::LT_ISA
