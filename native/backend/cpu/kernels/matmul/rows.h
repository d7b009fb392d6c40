// Rows of block types straight from the mapped file, without unpacking: the way of one token.
#pragma once
#include "backend/cpu/kernels/matmul/few.h"

namespace lt::cpu::LT_ISA {

// How far ahead of its use a weight is fetched, into the second cache. Measured on a Zen 4 over a mapping of 4 KB pages.
constexpr int64_t fetch_ahead = 8192;

// Two rows about a page apart go together, so that the walks of two pages overlap: 19.3 against 17.6 GB/s for Q4_K on that
// machine. Rows side by side share a page, rows two pages apart would meet what was fetched ahead for the first.
//
// K gives rows<R>(v, w, x, blocks, after): v[i] is the product of row w[i] with the token; `after` bytes may be read behind the
// last of them.
template <class K, class Quad>
void run_rows(const MatmulPiece& p) {
  constexpr int64_t page = 4096;
  const int64_t blocks = p.cols / K::values, apart = p.w_stride >= page ? 1 : (page + p.w_stride / 2) / p.w_stride;
  for (int64_t t = 0; t < p.x_rows; ++t) {
    const Quad* x = static_cast<const Quad*>(p.prepared) + t * ((blocks + 3) / 4);
    float* y = p.y + t * p.y_stride;
    const auto put = [&](int64_t m, float v) { y[m] = p.bias ? v + p.bias[m] : v; };
    int64_t m = p.first;
    for (; m + 2 * apart <= p.last; m += 2 * apart) {
      for (int64_t i = m; i < m + apart; ++i) {
        const uint8_t* w[] = {p.w + i * p.w_stride, p.w + (i + apart) * p.w_stride};
        float v[2];
        K::template rows<2>(v, w, x, blocks, (p.last - 1 - i - apart) * p.w_stride);
        put(i, v[0]);
        put(i + apart, v[1]);
      }
    }
    for (; m < p.last; ++m) {
      const uint8_t* w[] = {p.w + m * p.w_stride};
      float v[1];
      K::template rows<1>(v, w, x, blocks, (p.last - 1 - m) * p.w_stride);
      put(m, v[0]);
    }
  }
}

}  // namespace lt::cpu::LT_ISA
