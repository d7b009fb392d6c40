// y = silu(g) * u, silu(g) = g / (1 + e^-g); y may be g or u.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

LT_INLINE f32x16 silu(f32x16 g) { return g / (set1(1.0f) + exp(zero() - g)); }

void gate_silu(float* y, const float* g, const float* u, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(y + i, silu(load(g + i)) * load(u + i));
  if (const int64_t n = count - i) store(y + i, silu(load(g + i, n)) * load(u + i, n), n);
}

}  // namespace lt::cpu::LT_ISA
