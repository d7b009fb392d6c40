// Block kernels in plain loops, for an ISA without vectors of bytes (simd_int.h). Everything is int16 by the time it is multiplied:
// the sum of such products is what compilers know how to make vectors of everywhere (pmaddwd on SSE2, smlal on ARM).
//
// Sixteen sums grow together, [pair][chain]: a pair is one of R rows with one of T tokens, R * T = 4, a chain is block mod 4.
#pragma once
#include <cstdint>

#include "backend/cpu/kernels.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

constexpr int pairs = 4;

// Of a prepared row: four blocks of 32, one a chain (those past the row's end are all zero), or a block of 256.
struct Prepared32 {
  alignas(16) int16_t q[4][32];
  float d[4];
  float sum[4];  // d * sum of q
};
struct Prepared256 {
  alignas(16) int16_t q[256];
  int16_t sum16[16];
  float d;
};

// The n codes of R rows and the numbers of T tokens that they meet.
template <int R, int T>
struct Sides {
  const int16_t* codes[R];
  const int16_t* q[T];
};

// sums[i] = the product of pair i over values [first, first + n). One loop for all four: each vector is loaded once.
template <int n, int R, int T>
LT_INLINE void dots(int32_t (&sums)[pairs], const Sides<R, T>& sides, int first) {
  static_assert(R * T == pairs);
  const int16_t *a0 = sides.codes[0] + first, *a1 = sides.codes[1 / T] + first, *a2 = sides.codes[2 / T] + first,
                *a3 = sides.codes[3 / T] + first;
  const int16_t *b0 = sides.q[0] + first, *b1 = sides.q[1 % T] + first, *b2 = sides.q[2 % T] + first, *b3 = sides.q[3 % T] + first;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (int i = 0; i < n; i++) {
    s0 += a0[i] * b0[i];
    s1 += a1[i] * b1[i];
    s2 += a2[i] * b2[i];
    s3 += a3[i] * b3[i];
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

// Lanes of the sixteen sums that are not of the row: scales of -0 make what they add -0, which changes no sum, not even one of -0.
constexpr uint16_t absent = 0x8000;

// K gives: Prepared, which holds prepared_blocks; values of a block; bytes of four; and
//   four<R, T>(acc, w, x, blocks)  adds the first `blocks` of the four blocks at w with those at x
template <class K, int R, int T>
static void some(const MatmulPiece& p, int64_t m, int64_t token) {
  const int64_t blocks = p.cols / K::values, row = (blocks + K::prepared_blocks - 1) / K::prepared_blocks;
  const uint8_t* w[R];
  const typename K::Prepared* x[T];
  for (int r = 0; r < R; r++) w[r] = p.w + (m + r < p.last ? m + r : p.last - 1) * p.w_stride;  // those past the last repeat it
  for (int t = 0; t < T; t++) x[t] = static_cast<const typename K::Prepared*>(p.prepared) + (token + t) * row;
  f32x16 acc = zero();
  for (int64_t b = 0; b < blocks; b += 4) {
    if constexpr (T == 1) {
      for (int r = 0; r < R; r++)
        for (int i = 0; i < K::four_bytes; i += 64) prefetch_far(w[r] + 8192 + i);
    }
    K::template four<R, T>(acc, w, x, static_cast<int>(blocks - b < 4 ? blocks - b : 4));
    for (int r = 0; r < R; r++) w[r] += K::four_bytes;
    for (int t = 0; t < T; t++) x[t] += 4 / K::prepared_blocks;
  }
  float sums[16];
  store(sums, acc);
  for (int r = 0; r < R && m + r < p.last; r++)
    for (int t = 0; t < T; t++) {
      const float* s = sums + (r * T + t) * 4;
      const float sum = (s[0] + s[1]) + (s[2] + s[3]);
      result(p, token + t)[m + r] = p.bias ? sum + p.bias[m + r] : sum;
    }
}

template <class K, int R, int T>
static void rows(const MatmulPiece& p, int64_t token) {
  for (int64_t m = p.first; m < p.last; m += R) some<K, R, T>(p, m, token);
}

// As many tokens at a time as a first cache holds beside a row; fewer than four go with several rows.
template <class K>
static void run(const MatmulPiece& p) {
  constexpr int64_t cached = 24 << 10;
  const int64_t bytes = p.cols / K::values * static_cast<int64_t>(sizeof(typename K::Prepared)) / K::prepared_blocks + 1;
  const int64_t fit = cached / bytes / 4 * 4;
  const int64_t most = fit < 4 ? 4 : fit;
  int64_t t = 0;
  for (; t + 4 <= p.x_rows;) {
    const int64_t end = t + most < p.x_rows ? t + most : p.x_rows / 4 * 4;
    for (int64_t m = p.first; m < p.last; m++)
      for (int64_t i = t; i < end; i += 4) some<K, 1, 4>(p, m, i);
    t = end;
  }
  if (t + 2 <= p.x_rows) rows<K, 2, 2>(p, t), t += 2;
  if (t < p.x_rows) rows<K, 4, 1>(p, t);
}

}  // namespace lt::cpu::LT_ISA
