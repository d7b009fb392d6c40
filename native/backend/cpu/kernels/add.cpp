// y = a + b; y may be a or b.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

void add(float* y, const float* a, const float* b, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(y + i, load(a + i) + load(b + i));
  if (const int64_t n = count - i) store(y + i, load(a + i, n) + load(b + i, n), n);
}

}  // namespace lt::cpu::LT_ISA
