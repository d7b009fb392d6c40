// y = the sum over j, ascending, of weights[j] times row j of x, one fused multiply-add each.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

void combine(float* y, const float* x, int64_t x_stride, const float* weights, int64_t used, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t n = count - i < 16 ? count - i : 16;
    f32x16 sum = zero();
    for (int64_t j = 0; j < used; j++) sum = fma(set1(weights[j]), load(x + j * x_stride + i, n), sum);
    store(y + i, sum, n);
  }
}

}  // namespace lt::cpu::LT_ISA
