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
LT_INLINE f32x16 load_bf16_even(const uint16_t* p) {
  const auto* v = reinterpret_cast<const __m256i*>(p);
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256(v), 16)),
          _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256(v + 1), 16))};
}
LT_INLINE f32x16 load_bf16_odd(const uint16_t* p) {
  const auto* v = reinterpret_cast<const __m256i*>(p);
  const __m256i odd = _mm256_set1_epi32(static_cast<int>(0xffff0000));
  return {_mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256(v), odd)),
          _mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256(v + 1), odd))};
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
LT_INLINE f32x16 where_less(f32x16 a, f32x16 b, f32x16 u, f32x16 v) {
  return {_mm256_blendv_ps(v.lo, u.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
          _mm256_blendv_ps(v.hi, u.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}
LT_INLINE f32x16 round(f32x16 a) {
  constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.lo, nearest), _mm256_round_ps(a.hi, nearest)};
}
LT_INLINE f32x16 power_below(f32x16 a) {
  const __m256 exponent = _mm256_castsi256_ps(_mm256_set1_epi32(0x7f800000));
  return {_mm256_and_ps(a.lo, exponent), _mm256_and_ps(a.hi, exponent)};
}
template <int k>
LT_INLINE f32x16 swap_lanes(f32x16 a) {
  if constexpr (k == 1) return {_mm256_permute_ps(a.lo, 0xb1), _mm256_permute_ps(a.hi, 0xb1)};
  if constexpr (k == 2) return {_mm256_permute_ps(a.lo, 0x4e), _mm256_permute_ps(a.hi, 0x4e)};
  if constexpr (k == 4) return {_mm256_permute2f128_ps(a.lo, a.lo, 1), _mm256_permute2f128_ps(a.hi, a.hi, 1)};
  return {a.hi, a.lo};
}
LT_INLINE f32x16 pick(const float* table, f32x16 index) {
  return {_mm256_i32gather_ps(table, _mm256_cvtps_epi32(index.lo), 4), _mm256_i32gather_ps(table, _mm256_cvtps_epi32(index.hi), 4)};
}
LT_INLINE void store_bytes(uint8_t* p, f32x16 a) {
  const __m256i low = _mm256_set1_epi32(255);
  const __m256i lo = _mm256_and_si256(_mm256_cvtps_epi32(a.lo), low), hi = _mm256_and_si256(_mm256_cvtps_epi32(a.hi), low);
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(lo, hi), 0xd8);
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
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

LT_INLINE void transpose8(__m256 (&r)[8]) {
  __m256 a[8], b[8];
  LT_UNROLL for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  LT_UNROLL for (int i = 0; i < 8; i += 4) {
    LT_UNROLL for (int j = 0; j < 2; j++) {
      b[i + 2 * j] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0x44);
      b[i + 2 * j + 1] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0xee);
    }
  }
  LT_UNROLL for (int j = 0; j < 4; j++) {
    r[j] = _mm256_permute2f128_ps(b[j], b[4 + j], 0x20);
    r[4 + j] = _mm256_permute2f128_ps(b[j], b[4 + j], 0x31);
  }
}

// Row i becomes column i.
LT_INLINE void transpose(f32x16 (&r)[16]) {
  __m256 tiles[4][8];  // upper left, upper right, lower left, lower right
  LT_UNROLL for (int i = 0; i < 8; i++) tiles[0][i] = r[i].lo, tiles[1][i] = r[i].hi, tiles[2][i] = r[8 + i].lo, tiles[3][i] = r[8 + i].hi;
  LT_UNROLL for (int t = 0; t < 4; t++) transpose8(tiles[t]);
  LT_UNROLL for (int i = 0; i < 8; i++) r[i] = {tiles[0][i], tiles[2][i]}, r[8 + i] = {tiles[1][i], tiles[3][i]};
}

}  // namespace lt::simd::LT_ISA
