// Part of simd.h: sixteen floats are one zmm register.
#pragma once

namespace lt::simd::LT_ISA {

struct f32x16 {
  __m512 v;
};

LT_INLINE __mmask16 first_lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }

LT_INLINE f32x16 zero() { return {_mm512_setzero_ps()}; }
LT_INLINE f32x16 set1(float x) { return {_mm512_set1_ps(x)}; }
LT_INLINE f32x16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
LT_INLINE f32x16 load(const float* p, int64_t n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
LT_INLINE void store(float* p, f32x16 a) { _mm512_storeu_ps(p, a.v); }
LT_INLINE void store(float* p, f32x16 a, int64_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }

LT_INLINE f32x16 load_f16(const uint16_t* p) { return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))}; }
LT_INLINE f32x16 load_f16(const uint16_t* p, int64_t n) { return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), p))}; }
LT_INLINE f32x16 widen_bf16(__m256i b) { return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16))}; }
LT_INLINE f32x16 load_bf16(const uint16_t* p) { return widen_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
// Of 32 numbers of BF16, lane i: those at 2 i, at 2 i + 1.
LT_INLINE f32x16 load_bf16_even(const uint16_t* p) { return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16))}; }
LT_INLINE f32x16 load_bf16_odd(const uint16_t* p) {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32(static_cast<int>(0xffff0000))))};
}
struct bf16x32 {
  __m512i v;
};
LT_INLINE bf16x32 load_bf16_pairs(const uint16_t* p) { return {_mm512_loadu_si512(p)}; }
LT_INLINE bf16x32 load_bf16_pairs(const uint16_t* p, int64_t n) {
  return {_mm512_maskz_loadu_epi16(static_cast<__mmask32>(n < 32 ? (uint64_t{1} << n) - 1 : 0xffffffff), p)};
}
// Lane i: fma(even of a, even of b, fma(odd of a, odd of b, c)), numbers below the normal ones as zero. For CPUs that simd::dots_bf16()
// is true of. Kernels are not compiled for those alone: as assembly it needs no other leave.
LT_INLINE f32x16 dot_bf16(bf16x32 a, bf16x32 b, f32x16 c) {
#if defined(_MSC_VER) && !defined(__clang__)
  return {_mm512_dpbf16_ps(c.v, reinterpret_cast<const __m512bh&>(a.v), reinterpret_cast<const __m512bh&>(b.v))};
#else
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(c.v) : "v"(a.v), "v"(b.v));
  return c;
#endif
}
LT_INLINE f32x16 load_i8(const int8_t* p) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}
LT_INLINE float from_half(uint16_t h) { return _cvtsh_ss(h); }
LT_INLINE void store_f16(uint16_t* p, f32x16 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

LT_INLINE f32x16 operator+(f32x16 a, f32x16 b) { return {_mm512_add_ps(a.v, b.v)}; }
LT_INLINE f32x16 operator-(f32x16 a, f32x16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
LT_INLINE f32x16 operator*(f32x16 a, f32x16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
LT_INLINE f32x16 operator/(f32x16 a, f32x16 b) { return {_mm512_div_ps(a.v, b.v)}; }
LT_INLINE f32x16 fma(f32x16 a, f32x16 b, f32x16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
LT_INLINE f32x16 max(f32x16 a, f32x16 b) { return {_mm512_max_ps(a.v, b.v)}; }  // a > b ? a : b
LT_INLINE f32x16 min(f32x16 a, f32x16 b) { return {_mm512_min_ps(a.v, b.v)}; }  // a < b ? a : b

// a < b ? 0 : v
LT_INLINE f32x16 zero_where_less(f32x16 a, f32x16 b, f32x16 v) {
  return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ), v.v)};
}
// a < b ? u : v
LT_INLINE f32x16 where_less(f32x16 a, f32x16 b, f32x16 u, f32x16 v) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), v.v, u.v)};
}
// To the nearest whole number, ties to even, for |a| < 2^22.
LT_INLINE f32x16 round(f32x16 a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// The largest power of two that is at most |a|, for normal a; 0 below them.
LT_INLINE f32x16 power_below(f32x16 a) {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a.v), _mm512_set1_epi32(0x7f800000)))};
}
// Lane i gets lane i ^ k of a; k: 1, 2, 4 or 8.
template <int k>
LT_INLINE f32x16 swap_lanes(f32x16 a) {
  if constexpr (k == 1) return {_mm512_permute_ps(a.v, 0xb1)};
  if constexpr (k == 2) return {_mm512_permute_ps(a.v, 0x4e)};
  return {_mm512_shuffle_f32x4(a.v, a.v, k == 4 ? 0xb1 : 0x4e)};
}
// table[index], a table of 32; index: whole numbers in 0..31.
LT_INLINE f32x16 pick(const float* table, f32x16 index) {
  return {_mm512_permutex2var_ps(_mm512_loadu_ps(table), _mm512_cvtps_epi32(index.v), _mm512_loadu_ps(table + 16))};
}
// Whole numbers from -128 to 255 to their low bytes.
LT_INLINE void store_bytes(uint8_t* p, f32x16 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a.v)));
}
// Lanes [first, last) of a, fill elsewhere; 0 <= first, last <= 16.
LT_INLINE f32x16 keep(f32x16 a, int64_t first, int64_t last, float fill) {
  return {_mm512_mask_mov_ps(_mm512_set1_ps(fill), static_cast<__mmask16>(first_lanes(last) & ~first_lanes(first)), a.v)};
}
// 2^n of t = n + 1.5 * 2^23.
LT_INLINE f32x16 power_of_two(f32x16 t) {
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(t.v), 23), _mm512_set1_epi32(127 << 23)))};
}

// The order of every sum over lanes: lane i with i + 8, then i + 4, i + 2, i + 1.
LT_INLINE float fold_add(f32x16 a) {
  const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  const __m128 d = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
}
// to[i]: fold_add of the i-th of four, by the same additions.
LT_INLINE void fold_add(float* to, f32x16 a, f32x16 b, f32x16 c, f32x16 d) {
  const __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(a.v, b.v, 0x44), _mm512_shuffle_f32x4(a.v, b.v, 0xee));
  const __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(c.v, d.v, 0x44), _mm512_shuffle_f32x4(c.v, d.v, 0xee));
  const __m512 quads = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
  const __m512 halves = _mm512_add_ps(quads, _mm512_permute_ps(quads, 0x4e));
  const __m512 sums = _mm512_add_ps(halves, _mm512_permute_ps(halves, 0xb1));
  _mm_storeu_ps(to, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, sums)));
}
LT_INLINE float fold_max(f32x16 a) {
  const __m256 h = _mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  const __m128 d = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(d, _mm_movehdup_ps(d)));
}

// Row i becomes column i.
LT_INLINE void transpose(f32x16 (&r)[16]) {
  __m512 a[16], b[16];
  LT_UNROLL for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_ps(r[i].v, r[i + 1].v);
    a[i + 1] = _mm512_unpackhi_ps(r[i].v, r[i + 1].v);
  }
  LT_UNROLL for (int i = 0; i < 16; i += 4) {
    LT_UNROLL for (int j = 0; j < 2; j++) {
      const __m512d lo = _mm512_castps_pd(a[i + j]), hi = _mm512_castps_pd(a[i + j + 2]);
      b[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(lo, hi));
      b[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(lo, hi));
    }
  }
  LT_UNROLL for (int j = 0; j < 4; j++) {
    const __m512 p = _mm512_shuffle_f32x4(b[j], b[4 + j], 0x88), q = _mm512_shuffle_f32x4(b[j], b[4 + j], 0xdd);
    const __m512 s = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0x88), t = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0xdd);
    r[j].v = _mm512_shuffle_f32x4(p, s, 0x88);
    r[4 + j].v = _mm512_shuffle_f32x4(q, t, 0x88);
    r[8 + j].v = _mm512_shuffle_f32x4(p, s, 0xdd);
    r[12 + j].v = _mm512_shuffle_f32x4(q, t, 0xdd);
  }
}

}  // namespace lt::simd::LT_ISA
