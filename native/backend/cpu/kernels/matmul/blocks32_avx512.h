// Eight blocks of 32 values of one row at a time: two sums of four blocks are folded together, and their floats made in one vector.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels.h"
#include "simd/simd_int.h"

namespace lt::cpu::LT_ISA {

// Lanes 0 to 3 are the sums of a's quads, 4 to 7 those of b's.
inline __m256i sum_quads_of_two(ints a, ints b) {
  ints s = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  s = _mm512_add_epi32(s, _mm512_shuffle_epi32(s, _MM_PERM_BADC));  // of each quad a's, b's, a's, b's
  const __m512i order = _mm512_castsi256_si512(_mm256_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13));
  return _mm512_castsi512_si256(_mm512_permutexvar_epi32(order, s));
}

inline __m256i load_two(const int32_t* low, const int32_t* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_int4(low)), load_int4(high), 1);
}
inline __m256 load_two(const float* low, const float* high) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(load_float4(low)), load_float4(high), 1);
}

// Of eight blocks, `stride` bytes apart, the halves that they begin with.
inline __m256 eight_halfs(const uint8_t* p, size_t stride) {
  const auto four = [&](const uint8_t* q) {
    return halfs_to_float4(join_16(load16(q), load16(q + stride), load16(q + 2 * stride), load16(q + 3 * stride), 0));
  };
  return _mm256_insertf128_ps(_mm256_castps128_ps256(four(p)), four(p + 4 * stride), 1);
}

// Their first bytes, each as half of 2^(e - 127) (levels.h). That of e = 0 is below the normal numbers, which no shift makes.
inline __m256 eight_half_powers(const uint8_t* p, size_t stride) {
  uint64_t e = 0;
  LT_UNROLL
  for (size_t i = 0; i < 8; ++i) e |= uint64_t(p[i * stride]) << 8 * i;
  const __m256i power = _mm256_slli_epi32(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(int64_t(e))), 23);
  return _mm256_mul_ps(_mm256_castsi256_ps(_mm256_max_epu32(power, _mm256_set1_epi32(1 << 22))), _mm256_set1_ps(0.5f));
}

// acc + d S of the first four, then of the others.
inline float4 add_two(float4 acc, __m256 d, __m256i sums) {
  const __m256 s = _mm256_cvtepi32_ps(sums);
  acc = fma_float4(_mm256_castps256_ps128(d), _mm256_castps256_ps128(s), acc);
  return fma_float4(_mm256_extractf128_ps(d, 1), _mm256_extractf128_ps(s, 1), acc);
}

}  // namespace lt::cpu::LT_ISA
