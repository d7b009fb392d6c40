// The four-lane part of simd_int.h, the same for AVX2 and AVX-512.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace lt::simd::LT_ISA {

using int4 = __m128i;
using float4 = __m128;

inline int4 load_int4(const int32_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline void store_int4(int32_t* p, int4 a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), a); }
inline int4 zero_int4() { return _mm_setzero_si128(); }
inline int4 add_int4(int4 a, int4 b) { return _mm_add_epi32(a, b); }
inline int4 sub_int4(int4 a, int4 b) { return _mm_sub_epi32(a, b); }
template <int n>
inline int4 shl_int4(int4 a) {
  return _mm_slli_epi32(a, n);
}

inline float4 load_float4(const float* p) { return _mm_loadu_ps(p); }
inline float4 zero_float4() { return _mm_setzero_ps(); }
inline float4 mul_float4(float4 a, float4 b) { return _mm_mul_ps(a, b); }
inline float4 fma_float4(float4 a, float4 b, float4 c) { return _mm_fmadd_ps(a, b, c); }
inline float4 fnma_float4(float4 a, float4 b, float4 c) { return _mm_fnmadd_ps(a, b, c); }
inline float4 to_float4(int4 a) { return _mm_cvtepi32_ps(a); }
inline float4 bf16_to_float4(uint64_t h) { return _mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(_mm_cvtsi64_si128(int64_t(h))), 16)); }
inline float4 halfs_to_float4(uint64_t h) { return _mm_cvtph_ps(_mm_cvtsi64_si128(int64_t(h))); }

// (a0 + a1) + (a2 + a3)
inline float fold_chains(float4 a) {
  const float4 pair = _mm_add_ps(a, _mm_movehdup_ps(a));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehl_ps(pair, pair)));
}

// Products of 8 bytes with 8 int16, in four sums that the caller adds up.
inline int4 dot_u8_i16(uint64_t a, const int16_t* b) {
  return _mm_madd_epi16(_mm_cvtepu8_epi16(_mm_cvtsi64_si128(int64_t(a))), _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)));
}

inline int4 dot_s8_i16(uint64_t a, const int16_t* b) {
  return _mm_madd_epi16(_mm_cvtepi8_epi16(_mm_cvtsi64_si128(int64_t(a))), _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)));
}

// Lane i is the sum of v[i].
inline int4 sum_each(int4 v0, int4 v1, int4 v2, int4 v3) {
  const int4 a = _mm_add_epi32(_mm_unpacklo_epi32(v0, v1), _mm_unpackhi_epi32(v0, v1));
  const int4 b = _mm_add_epi32(_mm_unpacklo_epi32(v2, v3), _mm_unpackhi_epi32(v2, v3));
  return _mm_add_epi32(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b));
}

inline void prefetch(const uint8_t* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
inline void prefetch_far(const uint8_t* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1); }

}  // namespace lt::simd::LT_ISA
