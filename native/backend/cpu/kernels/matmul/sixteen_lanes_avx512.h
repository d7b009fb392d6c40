// Q2_K and Q3_K by row on AVX-512. Four bytes of theirs hold four codes of each of four sub-blocks. Copied into four lanes, of which each
// keeps the bits of its own sub-block, they are a quarter of a vector that has in each lane four codes of another sub-block: four such
// vectors make sixteen dot products, which wait in lanes for their scales. Codes are multiplied where their bits lie, as 2^n times
// themselves, which shifts of the lanes make the same for all.
//
// C(w) reads the codes of a block of C::block_bytes, and gives
//   step<k>()    codes 4 k and on of each sub-block, in the order of Block256::steps
//   start(x)     what the dot products with a block of x start from
//   shifts()     of lanes i and i + 8
#pragma once
#include <immintrin.h>

#include <type_traits>

#include "backend/cpu/kernels/matmul/blocks256.h"

namespace lt::cpu::LT_ISA {

// Of N blocks and T tokens the scaled dot products, in eight lanes. The blocks take their steps in turn, so that none waits for its sums.
template <class C, int N, int T>
inline void lane_dots(__m256i (&s)[T][4], const uint8_t* w, const __m512i (&scale)[N], const Quad256* x, int64_t quads_a_token) {
  C codes[N];
  LT_UNROLL
  for (int i = 0; i < N; ++i) codes[i] = C(w + i * C::block_bytes);
  __m512i sum[N][T];
  LT_UNROLL
  for (int i = 0; i < N; ++i)
    for (int t = 0; t < T; ++t) sum[i][t] = C::start(x[t * quads_a_token].block[i]);
  const auto step = [&]<int k>(std::integral_constant<int, k>) {
    LT_UNROLL
    for (int i = 0; i < N; ++i) {
      const __m512i four = codes[i].template step<k>();
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        sum[i][t] = _mm512_dpbusd_epi32(sum[i][t], four, load_bytes(x[t * quads_a_token].block[i].steps[k]));
        pin(sum[i][t]);
      }
    }
  };
  step(std::integral_constant<int, 0>());
  step(std::integral_constant<int, 1>());
  step(std::integral_constant<int, 2>());
  step(std::integral_constant<int, 3>());
  LT_UNROLL
  for (int t = 0; t < T; ++t) {
    LT_UNROLL
    for (int i = 0; i < N; ++i) {
      const __m512i scaled = _mm512_mullo_epi32(sum[i][t], scale[i]);
      const __m256i both = _mm256_add_epi32(_mm512_castsi512_si256(scaled), _mm512_extracti64x4_epi64(scaled, 1));
      s[t][i] = _mm256_sllv_epi32(both, C::shifts());
    }
    for (int i = N; i < 4; ++i) s[t][i] = _mm256_setzero_si256();
  }
}

// The same 16 bytes in each quad.
inline __m512i all_quads(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return _mm512_broadcast_i32x4(_mm_setr_epi32(int32_t(a), int32_t(b), int32_t(c), int32_t(d)));
}

// Lane i is the sum of v[i].
inline int4 sum_each(const __m256i (&v)[4]) {
  const __m256i a = _mm256_add_epi32(_mm256_unpacklo_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[0], v[1]));
  const __m256i b = _mm256_add_epi32(_mm256_unpacklo_epi32(v[2], v[3]), _mm256_unpackhi_epi32(v[2], v[3]));
  const __m256i c = _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
  return _mm_add_epi32(_mm256_castsi256_si128(c), _mm256_extracti128_si256(c, 1));
}

}  // namespace lt::cpu::LT_ISA
