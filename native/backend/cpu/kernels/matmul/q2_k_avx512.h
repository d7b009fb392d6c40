// Q2_K by row on AVX-512.
#pragma once
#include "backend/cpu/kernels/matmul/sixteen_lanes_avx512.h"

namespace lt::cpu::LT_ISA {

struct LanesQ2K {
  static constexpr int block_bytes = 84;
  __m512i codes;

  LanesQ2K() = default;
  explicit LanesQ2K(const uint8_t* w) : codes(_mm512_loadu_si512(w + 16)) {}

  template <int k>
  __m512i step() const {
    return _mm512_and_si512(_mm512_shuffle_epi32(codes, _MM_PERM_ENUM(0x55 * k)),
                            all_quads(0x03030303, 0x30303030, 0x0c0c0c0c, 0xc0c0c0c0));
  }
  static __m512i start(const Block256&) { return _mm512_setzero_si512(); }
  static __m256i shifts() { return _mm256_setr_epi32(6, 2, 4, 0, 6, 2, 4, 0); }
};

template <int N, int T>
inline void blocks_q2_k(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
  __m512i scale[N];
  __m256i s[T][4], m[T][4];
  uint64_t d = 0x8000800080008000, dmin = d;
  LT_UNROLL
  for (int i = 0; i < N; ++i) {
    const uint8_t* block = w + i * LanesQ2K::block_bytes;
    const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
    const __m128i in_order = _mm_shuffle_epi8(packed, _mm_load_si128(reinterpret_cast<const __m128i*>(lane_order)));
    scale[i] = _mm512_cvtepu8_epi32(_mm_and_si128(in_order, _mm_set1_epi8(15)));
    const __m256i minimums = _mm256_srli_epi16(_mm256_cvtepu8_epi16(packed), 4);
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      const int16_t* sums = x[t * quads_a_token].block[i].negative_sum16;
      m[t][i] = _mm256_madd_epi16(minimums, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums)));
    }
    const uint64_t rest = ~(uint64_t(0xffff) << 16 * i);
    d = (d & rest) | uint64_t(load16(block + 80)) << 16 * i;
    dmin = (dmin & rest) | uint64_t(load16(block + 82)) << 16 * i;
  }
  for (int t = 0; t < T; ++t)
    for (int i = N; i < 4; ++i) m[t][i] = _mm256_setzero_si256();
  lane_dots<LanesQ2K, N, T>(s, w, scale, x, quads_a_token);
  const float4 part = mul_float4(halfs_to_float4(d), halfs_to_float4(0x2400240024002400));  // a 64th
  LT_UNROLL
  for (int t = 0; t < T; ++t, x += quads_a_token) {
    const float4 v = fma_float4(halfs_to_float4(dmin), to_float4(sum_each(m[t])), mul_float4(part, to_float4(sum_each(s[t]))));
    acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
  }
}

}  // namespace lt::cpu::LT_ISA
