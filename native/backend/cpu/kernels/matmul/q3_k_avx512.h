// Q3_K by row on AVX-512.
#pragma once
#include "backend/cpu/kernels/matmul/sixteen_lanes_avx512.h"

namespace lt::cpu::LT_ISA {

// Two vectors of the bytes of codes, moved and joined with their third bits: of value 128 h + 32 n + l, a byte of `even` has in bits
// 0 to 2 that of n = 0 and in bits 4 to 6 that of n = 2; a byte of `odd` in bits 1 to 3 that of n = 1, in bits 5 to 7 that of n = 3.
struct LanesQ3K {
  static constexpr int block_bytes = 110;
  __m512i even, odd;

  LanesQ3K() = default;
  explicit LanesQ3K(const uint8_t* w) {
    const __m512i two = _mm512_loadu_si512(w + 32);
    const __m512i third = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
    const auto turned = [&](int low, int high) {
      return _mm512_rolv_epi32(third, _mm512_inserti64x4(_mm512_set1_epi32(low), _mm256_set1_epi32(high), 1));
    };
    const __m512i thirds = select_bits(splat_byte(0x0c), turned(2, 30), turned(4, 0));  // in bits 2, 3, 6 and 7
    even = select_bits(splat_byte(0x33), two, thirds);
    odd = select_bits(splat_byte(0x66), _mm512_srli_epi16(two, 1), thirds);
  }

  template <int k>
  __m512i step() const {
    const __m512i lanes = _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(even), _mm512_castsi512_ps(odd), 0x55 * k));
    return _mm512_and_si512(lanes, all_quads(0x07070707, 0x70707070, 0x0e0e0e0e, 0xe0e0e0e0));
  }
  static __m512i start(const Block256& x) { return load_ints(x.start_q3_k); }
  static __m256i shifts() { return _mm256_setr_epi32(5, 1, 4, 0, 5, 1, 4, 0); }
};

// The sixteen scales of two blocks, a byte each, in the order of lanes.
inline __m256i scales_q3_k(const uint8_t* w, const uint8_t* v) {
  const auto quad = [&](const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 94)); };
  const __m256i packed = _mm256_inserti128_si256(_mm256_castsi128_si256(quad(w)), quad(v), 1);
  const __m256i nibbles = _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9));
  const __m256i pairs = _mm256_broadcastsi128_si256(_mm_setr_epi8(10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13));
  const __m256i low = _mm256_srlv_epi64(_mm256_shuffle_epi8(packed, nibbles), _mm256_setr_epi32(0, 0, 4, 0, 0, 0, 4, 0));
  const __m256i high = _mm256_rolv_epi32(_mm256_shuffle_epi8(packed, pairs), _mm256_setr_epi32(4, 2, 0, 30, 4, 2, 0, 30));
  const __m256i both = _mm256_ternarylogic_epi32(_mm256_set1_epi8(0x0f), low, high, 0xca);
  const __m256i six = _mm256_sub_epi8(_mm256_and_si256(both, _mm256_set1_epi8(0x3f)), _mm256_set1_epi8(32));
  return _mm256_shuffle_epi8(six, _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(lane_order))));
}

template <int N, int T>
inline void blocks_q3_k(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
  __m512i scale[N];
  LT_UNROLL
  for (int i = 0; i < N; i += 2) {
    const __m256i two = scales_q3_k(w + i * 110, w + (i + 1 < N ? i + 1 : i) * 110);
    scale[i] = _mm512_cvtepi8_epi32(_mm256_castsi256_si128(two));
    if (i + 1 < N) scale[i + 1 < N ? i + 1 : i] = _mm512_cvtepi8_epi32(_mm256_extracti128_si256(two, 1));
  }
  __m256i s[T][4];
  lane_dots<LanesQ3K, N, T>(s, w, scale, x, quads_a_token);
  uint64_t d = 0x8000800080008000;
  LT_UNROLL
  for (int i = 0; i < N; ++i, w += 110) d = (d & ~(uint64_t(0xffff) << 16 * i)) | uint64_t(load16(w + 108)) << 16 * i;
  const float4 times = mul_float4(halfs_to_float4(d), halfs_to_float4(0x2800280028002800));
  LT_UNROLL
  for (int t = 0; t < T; ++t, x += quads_a_token) {
    const float4 v = mul_float4(times, to_float4(sum_each(s[t])));
    acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
  }
}

}  // namespace lt::cpu::LT_ISA
