// The rate of products of int16 added up in int32, which is what the block kernels in plain loops do.
#include "backend/cpu/kernels/loops/dot.h"
#include "backend/cpu/kernels/rows.h"

namespace lt::cpu::LT_ISA {

static volatile int32_t sink;  // the sums are wanted, so they are computed

double peak_int8(int64_t rounds) {
  constexpr int n = 256;
  int16_t a[n], b[n];
  for (int i = 0; i < n; i++) a[i] = static_cast<int16_t>(i % 100), b[i] = static_cast<int16_t>(i % 100 + sink);
  int32_t sum = 0;
  for (int64_t r = 0; r < rounds; r++) {
    a[r % n] = static_cast<int16_t>(r % 100);  // so that no product is computed once for all
    sum ^= dot<n>(a, b);
  }
  sink = sum % 2;
  return 2.0 * n * static_cast<double>(rounds);
}

}  // namespace lt::cpu::LT_ISA
