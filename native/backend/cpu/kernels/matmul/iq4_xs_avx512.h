// IQ4_XS by row on AVX-512. The dot products of four blocks are added up by quads, which are sub-blocks, before their scales come: they are
// two vectors then, of which lane i of quad c belongs to sub-block c, or 4 + c, of block i.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels/matmul/blocks256.h"
#include "backend/cpu/kernels/matmul/blocks32_avx512.h"
#include "backend/cpu/kernels/matmul/levels.h"

namespace lt::cpu::LT_ISA {

// Of four blocks, of which the first N are there.
template <int N>
struct HeadsIq4Xs {
  __m512i low, high;  // of each block the low bits of its scales; d and the high bits: the same in each quad
  float4 d;

  explicit HeadsIq4Xs(const uint8_t* w) {
    const auto head = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(w + (i < N ? i : N - 1) * 136)); };
    const __m128 first = _mm_castsi128_ps(_mm_unpacklo_epi64(head(0), head(1)));
    const __m128 second = _mm_castsi128_ps(_mm_unpacklo_epi64(head(2), head(3)));
    const __m128i even = _mm_castps_si128(_mm_shuffle_ps(first, second, 0x88));
    const __m128i halfs = _mm_shuffle_epi8(even, _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1));
    d = _mm_cvtph_ps(_mm_mask_mov_epi16(_mm_set1_epi16(int16_t(0x8000)), (1 << N) - 1, halfs));  // absent ones add -0
    low = _mm512_broadcast_i32x4(_mm_castps_si128(_mm_shuffle_ps(first, second, 0xdd)));
    high = _mm512_broadcast_i32x4(even);
  }

  // Of sub-blocks 4 v + c.
  __m512i scales(int v) const {
    const auto by_quads = [](int first, int step) {
      const auto pair = [&](int c) { return int64_t(0x0000000100000001) * (first + c * step); };
      return _mm512_setr_epi64(pair(0), pair(0), pair(1), pair(1), pair(2), pair(2), pair(3), pair(3));
    };
    const __m512i nibble = _mm512_srlv_epi32(low, by_quads(16 * v, 4)), two = _mm512_srlv_epi32(high, by_quads(12 + 8 * v, 2));
    const __m512i six = _mm512_and_si512(select_bits(splat_int(0x0f), nibble, two), splat_int(0x3f));
    return _mm512_sub_epi32(six, splat_int(32));
  }
};

template <int N, int T>
inline void blocks_iq4_xs(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
  const HeadsIq4Xs<N> heads(w);
  const __m512i levels = to_dot8(repeat_quad(Iq4Levels::levels)), mask = splat_byte(15);
  __m512i total[T];
  LT_UNROLL
  for (int v = 0; v < 2; ++v) {
    __m512i s[T][4];
    LT_UNROLL
    for (int i = 0; i < N; ++i) {
      const __m512i packed = load_bytes(w + i * 136 + 8 + v * 64);
      const __m512i low = lookup(levels, _mm512_and_si512(packed, mask));
      const __m512i high = lookup(levels, _mm512_and_si512(_mm512_srli_epi16(packed, 4), mask));
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = x[t * quads_a_token].block[i].halves + v * 128;
        s[t][i] = dot8(dot8(zero_ints(), low, load_bytes(q)), high, load_bytes(q + 64));
        pin(s[t][i]);
      }
    }
    const __m512i scale = heads.scales(v);
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      for (int i = N; i < 4; ++i) s[t][i] = zero_ints();
      const __m512i sums = _mm512_add_epi32(sum_quads_of_four(s[t]), load_ints(x[t * quads_a_token].start128[4 * v]));
      const __m512i scaled = _mm512_mullo_epi32(sums, scale);
      total[t] = v == 0 ? scaled : _mm512_add_epi32(total[t], scaled);
    }
  }
  LT_UNROLL
  for (int t = 0; t < T; ++t, x += quads_a_token) {
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(total[t]), _mm512_extracti64x4_epi64(total[t], 1));
    const int4 sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    acc[t] = fma_float4(mul_float4(heads.d, to_float4(sum)), load_float4(x->d), acc[t]);
  }
}

}  // namespace lt::cpu::LT_ISA
