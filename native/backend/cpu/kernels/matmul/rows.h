// Rows of block types straight from the mapped file, without unpacking: the way of one token.
#pragma once
#include "backend/cpu/kernels/matmul/few.h"

namespace lt::cpu::LT_ISA {

// Several rows about a page apart go together, so that the walks of their pages overlap, and each is fetched ahead, into the second
// cache, by as much as all of them take: where the same row of the next ones will be. On a Zen 4 over a mapping of 4 KB pages
// three such rows read Q4_K at 21 GB/s, two at 19, one at 17; rows side by side, or two pages apart, gain nothing.
constexpr int rows_together = 3;

// K gives rows<R>(v, w, x, blocks, ahead, after): v[i] is the product of row w[i] with the token. ahead: bytes from a weight to
// the one to fetch meanwhile; after: bytes that may be read behind the last row.
template <int R, class K, class Quad>
inline void some_rows(const MatmulPiece& p, float* y, const Quad* x, int64_t m, int64_t apart, int64_t ahead) {
  const uint8_t* w[R];
  float v[R];
  for (int r = 0; r < R; ++r) w[r] = p.w + (m + r * apart) * p.w_stride;
  K::template rows<R>(v, w, x, p.cols / K::values, ahead, (p.last - 1 - m - (R - 1) * apart) * p.w_stride);
  for (int r = 0; r < R; ++r) y[m + r * apart] = p.bias ? v[r] + p.bias[m + r * apart] : v[r];
}

template <class K, class Quad>
void run_rows(const MatmulPiece& p) {
  constexpr int64_t page = 4096, far = 32768, near = 8192;
  constexpr int R = rows_together;
  const int64_t quads = (p.cols / K::values + 3) / 4, apart = p.w_stride >= page ? 1 : (page + p.w_stride / 2) / p.w_stride;
  const int64_t all = R * apart * p.w_stride, ahead = all <= far ? all : near;
  for (int64_t t = 0; t < p.x_rows; ++t) {
    const Quad* x = static_cast<const Quad*>(p.prepared) + t * quads;
    float* y = p.y + t * p.y_stride;
    int64_t m = p.first;
    for (; m + R * apart <= p.last; m += R * apart)
      for (int64_t i = m; i < m + apart; ++i) some_rows<R, K>(p, y, x, i, apart, ahead);
    for (; m < p.last; ++m) some_rows<1, K>(p, y, x, m, 0, near);
  }
}

}  // namespace lt::cpu::LT_ISA
