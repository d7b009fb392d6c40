// Part of simd.h: sixteen floats are two ymm registers.
#pragma once

namespace lt::simd::LT_ISA {

struct f32x16 {
  __m256 lo, hi;
};

LT_INLINE __m256i first_lanes8(int64_t n) {  // n clamped to 0..8
  alignas(32) static const int32_t sliding[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  const int64_t k = n < 0 ? 0 : n > 8 ? 8 : n;
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sliding + 8 - k));
}

LT_INLINE f32x16 zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
LT_INLINE f32x16 set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
LT_INLINE f32x16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
LT_INLINE f32x16 load(const float* p, int64_t n) {
  return {_mm256_maskload_ps(p, first_lanes8(n)), _mm256_maskload_ps(p + 8, first_lanes8(n - 8))};
}
LT_INLINE void store(float* p, f32x16 a) { _mm256_storeu_ps(p, a.lo), _mm256_storeu_ps(p + 8, a.hi); }
LT_INLINE void store(float* p, f32x16 a, int64_t n) {
  _mm256_maskstore_ps(p, first_lanes8(n), a.lo), _mm256_maskstore_ps(p + 8, first_lanes8(n - 8), a.hi);
}

LT_INLINE __m128i load_half8(const uint16_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
LT_INLINE f32x16 load_f16(const uint16_t* p) { return {_mm256_cvtph_ps(load_half8(p)), _mm256_cvtph_ps(load_half8(p + 8))}; }
LT_INLINE f32x16 load_f16(const uint16_t* p, int64_t n) {
  uint16_t padded[16] = {};
  memcpy(padded, p, static_cast<size_t>(n) * 2);
  return load_f16(padded);
}
LT_INLINE __m256 widen_bf16(__m128i b) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(b), 16)); }
LT_INLINE f32x16 load_bf16(const uint16_t* p) { return {widen_bf16(load_half8(p)), widen_bf16(load_half8(p + 8))}; }
LT_INLINE f32x16 load_bf16(const uint16_t* p, int64_t n) {
  uint16_t padded[16] = {};
  memcpy(padded, p, static_cast<size_t>(n) * 2);
  return load_bf16(padded);
}
LT_INLINE f32x16 load_i8(const int8_t* p) {
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(b)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(b, 8)))};
}
LT_INLINE float from_half(uint16_t h) { return _cvtsh_ss(h); }
LT_INLINE void store_f16(uint16_t* p, f32x16 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.lo, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(a.hi, _MM_FROUND_TO_NEAREST_INT));
}

LT_INLINE f32x16 operator+(f32x16 a, f32x16 b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
LT_INLINE f32x16 operator-(f32x16 a, f32x16 b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
LT_INLINE f32x16 operator*(f32x16 a, f32x16 b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
LT_INLINE f32x16 operator/(f32x16 a, f32x16 b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
LT_INLINE f32x16 fma(f32x16 a, f32x16 b, f32x16 c) { return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)}; }
LT_INLINE f32x16 max(f32x16 a, f32x16 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
LT_INLINE f32x16 min(f32x16 a, f32x16 b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }

LT_INLINE f32x16 zero_where_less(f32x16 a, f32x16 b, f32x16 v) {
  return {_mm256_andnot_ps(_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), v.lo), _mm256_andnot_ps(_mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ), v.hi)};
}
LT_INLINE __m256 lanes_between8(int64_t first, int64_t last) {
  return _mm256_castsi256_ps(_mm256_andnot_si256(first_lanes8(first), first_lanes8(last)));
}
LT_INLINE f32x16 keep(f32x16 a, int64_t first, int64_t last, float fill) {
  const __m256 f = _mm256_set1_ps(fill);
  return {_mm256_blendv_ps(f, a.lo, lanes_between8(first, last)), _mm256_blendv_ps(f, a.hi, lanes_between8(first - 8, last - 8))};
}
LT_INLINE __m256 power_of_two8(__m256 t) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(t), 23), _mm256_set1_epi32(127 << 23)));
}
LT_INLINE f32x16 power_of_two(f32x16 t) { return {power_of_two8(t.lo), power_of_two8(t.hi)}; }

LT_INLINE float fold_add(f32x16 a) {
  const __m256 h = _mm256_add_ps(a.lo, a.hi);
  const __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  const __m128 d = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
}
LT_INLINE float fold_max(f32x16 a) {
  const __m256 h = _mm256_max_ps(a.lo, a.hi);
  const __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  const __m128 d = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(d, _mm_movehdup_ps(d)));
}

// Row i becomes column i.
LT_INLINE void transpose(f32x16 (&r)[16]) {
  float rows[16][16], turned[16][16];
  for (int i = 0; i < 16; i++) store(rows[i], r[i]);
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) turned[i][j] = rows[j][i];
  for (int i = 0; i < 16; i++) r[i] = load(turned[i]);
}

}  // namespace lt::simd::LT_ISA
