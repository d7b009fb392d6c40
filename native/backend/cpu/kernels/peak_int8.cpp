// The rate of 4-byte dot products, as peak.cpp has that of multiply-adds.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd_int.h"

namespace lt::cpu::LT_ISA {

constexpr int sums = 12;
static volatile float sink;  // the sums are wanted, so they are computed

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
