// The multiply-add rate that kernels are measured against: twelve independent sums in registers, nothing read from memory.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"
#include "simd/simd_int.h"

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

double peak_int8(int64_t rounds) {
  dots acc[sums];
  alignas(64) uint8_t different[sums * sizeof(bytes)];  // read in every round, so that no product is computed once for all
  for (size_t i = 0; i < sizeof different; i++) different[i] = static_cast<uint8_t>(i % 100);
  LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = zero_dots();
  const bytes w = load_bytes(different);
  for (int64_t r = 0; r < rounds; r++) {
    LT_UNROLL for (int i = 0; i < sums; i++) acc[i] = dot(acc[i], w, load_bytes(different + i * sizeof(bytes)));
#if defined(__GNUC__)
    __asm__ volatile("" : : "r"(different) : "memory");
#endif
  }
  uint8_t seen[sums * sizeof(dots)];
  memcpy(seen, acc, sizeof seen);
  float any = 0;
  for (size_t i = 0; i < sizeof seen; i++) any += static_cast<float>(seen[i]);
  sink = any * 1e-30f;
  return 2.0 * static_cast<double>(sizeof(bytes)) * sums * static_cast<double>(rounds);
}

}  // namespace lt::cpu::LT_ISA
