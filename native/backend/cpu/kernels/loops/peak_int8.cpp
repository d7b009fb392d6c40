// The rate of products of int16 added up in int32, which is what the block kernels in plain loops do.
#include "backend/cpu/kernels/loops/dot.h"
#include "backend/cpu/kernels/rows.h"

namespace lt::cpu::LT_ISA {

static volatile int32_t sink;  // the sums are wanted, so they are computed

double peak_int8(int64_t rounds) {
  constexpr int n = 256;
  alignas(16) int16_t a[n], b[4][n];
  for (int i = 0; i < n; i++)
    a[i] = static_cast<int16_t>(i % 100), b[0][i] = b[1][i] = b[2][i] = b[3][i] = static_cast<int16_t>(i % 100 + sink);
  const Sides<1, 4> sides{{a}, {b[0], b[1], b[2], b[3]}};
  int32_t sum = 0, of[pairs];
  for (int64_t r = 0; r < rounds; r++) {
    a[r % n] = static_cast<int16_t>(r % 100);  // so that no product is computed once for all
    dots<n>(of, sides, 0);
    sum ^= of[0] + of[3];
  }
  sink = sum % 2;
  return 2.0 * n * pairs * static_cast<double>(rounds);
}

}  // namespace lt::cpu::LT_ISA
