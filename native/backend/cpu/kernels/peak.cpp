// The multiply-add rate that kernels are measured against: twelve independent sums in registers, nothing read from memory.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

constexpr int sums = 12;
static volatile float sink;  // the sums are wanted, so they are computed

// One more addition to each sum, `terms` operations a lane.
template <class Add>
LT_INLINE double rate_of(int64_t rounds, int terms, Add add) {
  f32x16 acc[sums];
  float different[16 * sums];  // equal sums would be computed once
  for (int i = 0; i < 16 * sums; i++) different[i] = sink + static_cast<float>(i);
  LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = load(different + 16 * i);
  for (int64_t r = 0; r < rounds; r++) LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = add(acc[i]);
  for (int i = 1; i < sums; i++) acc[0] = acc[0] + acc[i];
  sink = fold_add(acc[0]) * 1e-30f;
  return 16.0 * sums * terms * static_cast<double>(rounds);
}

double peak_f32(int64_t rounds) {
  const f32x16 w = set1(sink + 1e-3f), x = set1(sink + 1.5f);
  return rate_of(rounds, 2, [&](f32x16 sum) { return fma(w, x, sum); });
}

#ifdef LT_ISA_AVX512
double peak_bf16(int64_t rounds) {
  const uint16_t numbers[64] = {};
  const bf16x32 w = load_bf16_pairs(numbers), x = load_bf16_pairs(numbers + 32);
  return rate_of(rounds, 4, [&](f32x16 sum) { return dot_bf16(w, x, sum); });
}
#endif

}  // namespace lt::cpu::LT_ISA
