// Rows of block types straight from the mapped file, without unpacking: the way of one token and of the fewest.
#pragma once
#include "backend/cpu/kernels/matmul/few.h"

namespace lt::cpu::LT_ISA {

// Several rows about a page apart go together, so that the walks of their pages overlap, and each is fetched ahead, into the second
// cache, by as much as all of them take: where the same row of the next ones will be. On a Zen 4 over a mapping of 4 KB pages four such
// rows give 31.6 tokens of a Q4_K_M model a second, three 30.2, two 29.2, one 27; over huge pages 40.5, 38.3, 39.5 and 38. Rows side by
// side, or two pages apart, gain nothing.
constexpr int rows_together = 4;
// A type that waits for memory reads four streams instead, each a quarter of the piece from end to end, fetched a short way ahead, as
// plain.h does: Q8_0 at 29 GB/s instead of 25 (of 32), and Q4_K and Q5_K by four rows (minimums.h). Types whose sums take about as long
// read slower so.
constexpr int64_t stream_ahead = 1024;
// Tokens that use a block while it is in registers. More of them read the rows again, from the first cache.
constexpr int tokens_together = 4;

// 16 bytes of each of the rows that a vector has lanes for, by columns of four.
inline void load_columns(bytes (&x)[4], const uint8_t* const* rows, size_t offset) {
  for (int i = 0; i < 4; ++i) x[i] = load_quad_rows(rows + i, offset);
  transpose(x);
}

// K gives rows<R, T>(v, w, x, quads, blocks, ahead, after): v[i][t] is the product of row w[i] with token t, whose blocks are at
// x + t * quads. ahead: bytes from a weight to the one to fetch meanwhile; after: bytes that may be read behind the last row.
template <int R, int T, class K, class Quad>
inline void some_rows(const MatmulPiece& p, int64_t token, int64_t m, int64_t apart, int64_t ahead) {
  const int64_t blocks = p.cols / K::values, quads = (blocks + 3) / 4;
  const uint8_t* w[R];
  float v[R][T];
  for (int r = 0; r < R; ++r) w[r] = p.w + (m + r * apart) * p.w_stride;
  const Quad* x = static_cast<const Quad*>(p.prepared) + token * quads;
  K::template rows<R, T>(v, w, x, quads, blocks, ahead, (p.last - 1 - m - (R - 1) * apart) * p.w_stride);
  for (int t = 0; t < T; ++t) {
    float* y = result(p, token + t) + m;
    for (int r = 0; r < R; ++r) y[r * apart] = p.bias ? v[r][t] + p.bias[m + r * apart] : v[r][t];
  }
}

template <int R, class K, class Quad>
inline void all_tokens(const MatmulPiece& p, int64_t m, int64_t apart, int64_t ahead) {
  int64_t t = 0;
  for (; t + tokens_together <= p.x_rows; t += tokens_together) some_rows<R, tokens_together, K, Quad>(p, t, m, apart, ahead);
  for (; t + 2 <= p.x_rows; t += 2) some_rows<R, 2, K, Quad>(p, t, m, apart, ahead);
  if (t < p.x_rows) some_rows<R, 1, K, Quad>(p, t, m, apart, ahead);
}

template <class K, class Quad>
void run_rows(const MatmulPiece& p) {
  constexpr int64_t page = 4096, far = 32768, near = 8192;
  constexpr int R = rows_together;
  const int64_t apart = p.w_stride >= page ? 1 : (page + p.w_stride / 2) / p.w_stride;
  const int64_t all = R * apart * p.w_stride, ahead = all <= far ? all : near;
  int64_t m = p.first;
  if constexpr (K::waits) {
    const int64_t each = (p.last - p.first) / R;
    for (; m < p.first + each; ++m) all_tokens<R, K, Quad>(p, m, each, stream_ahead);
    m += (R - 1) * each;
  }
  for (; m + R * apart <= p.last; m += R * apart)
    for (int64_t i = m; i < m + apart; ++i) all_tokens<R, K, Quad>(p, i, apart, ahead);
  for (; m < p.last; ++m) all_tokens<1, K, Quad>(p, m, 0, near);
}

}  // namespace lt::cpu::LT_ISA
