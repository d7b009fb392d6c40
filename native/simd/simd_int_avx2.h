// simd_int.h for AVX2 with FMA and F16C: 8 lanes. How products of bytes are summed is in simd_dots_avx2.h, or with AVX-VNNI in
// simd_dots_avxvnni.h.
#pragma once
#include <cstring>

#include "simd/simd_int_x86.h"

namespace lt::simd::LT_ISA {

constexpr int quads = 2;
constexpr int tile_rows = 2;
constexpr int tile_tokens = 3;

using bytes = __m256i;
using ints = __m256i;
using floats = __m256;
using dots = __m256i;

// Keeps an accumulator in its register: GCC otherwise moves loads across the unrolled steps and spills.
#if defined(__GNUC__)
inline void pin(__m256i& a) { asm("" : "+x"(a)); }
#else
inline void pin(__m256i&) {}
#endif

inline bytes load_bytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store_bytes(void* p, bytes a) { _mm256_storeu_si256(static_cast<__m256i*>(p), a); }
inline bytes join_quads(const uint8_t* p, const uint8_t* q) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(q)), 1);
}
inline bytes load_quad_each(const uint8_t* p, size_t stride) { return join_quads(p, p + stride); }
inline bytes load_quad_rows(const uint8_t* const* rows, size_t offset) { return join_quads(rows[0] + offset, rows[4] + offset); }
inline bytes repeat_quad(const void* p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
inline bytes repeat_u64s(uint64_t low, uint64_t high) { return _mm256_broadcastsi128_si256(_mm_set_epi64x(int64_t(high), int64_t(low))); }
inline bytes repeat_u64(uint64_t v) { return _mm256_set1_epi64x(int64_t(v)); }
inline bytes repeat_four(const uint8_t* p) {
  int32_t v;
  memcpy(&v, p, 4);
  return _mm256_set1_epi32(v);
}
inline bytes splat_byte(int v) { return _mm256_set1_epi8(char(v)); }
inline bytes and_bytes(bytes a, bytes b) { return _mm256_and_si256(a, b); }
inline bytes or_bytes(bytes a, bytes b) { return _mm256_or_si256(a, b); }
inline bytes select_bits(bytes mask, bytes on, bytes off) {
  return _mm256_or_si256(_mm256_and_si256(mask, on), _mm256_andnot_si256(mask, off));
}
template <int n>
inline bytes shr_words(bytes a) {
  return _mm256_srli_epi16(a, n);
}
template <int n>
inline bytes shl_words(bytes a) {
  return _mm256_slli_epi16(a, n);
}
template <int n>
inline bytes sra_words(bytes a) {
  return _mm256_srai_epi16(a, n);
}
inline bytes spread_bits(uint64_t bits) {
  const __m256i which = _mm256_set1_epi64x(int64_t(0x8040201008040201));
  const __m256i from = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  return _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(int32_t(bits)), from), which), which);
}
inline bytes mul_words(bytes a, bytes b) { return _mm256_mullo_epi16(a, b); }
inline bytes add_bytes(bytes a, bytes b) { return _mm256_add_epi8(a, b); }
inline bytes negate_where(bytes a, uint64_t bits) {
  const bytes all = spread_bits(bits);
  return _mm256_sub_epi8(_mm256_xor_si256(a, all), all);
}
inline bytes choose(bytes a, bytes bit, bytes on, bytes off) {
  return _mm256_blendv_epi8(off, on, _mm256_cmpeq_epi8(_mm256_and_si256(a, bit), bit));
}
inline bytes lower_eights(bytes a, bytes b) { return _mm256_unpacklo_epi64(a, b); }
inline bytes upper_eights(bytes a, bytes b) { return _mm256_unpackhi_epi64(a, b); }
inline bytes lookup(bytes table, bytes index) { return _mm256_shuffle_epi8(table, index); }

inline void transpose(bytes x[4]) {
  const bytes a = _mm256_unpacklo_epi32(x[0], x[1]), b = _mm256_unpackhi_epi32(x[0], x[1]);
  const bytes c = _mm256_unpacklo_epi32(x[2], x[3]), d = _mm256_unpackhi_epi32(x[2], x[3]);
  x[0] = _mm256_unpacklo_epi64(a, c), x[1] = _mm256_unpackhi_epi64(a, c);
  x[2] = _mm256_unpacklo_epi64(b, d), x[3] = _mm256_unpackhi_epi64(b, d);
}

inline ints as_ints(bytes a) { return a; }
inline bytes as_bytes(ints a) { return a; }
inline ints load_ints(const void* p) { return load_bytes(p); }
inline void store_ints(void* p, ints a) { store_bytes(p, a); }
inline ints zero_ints() { return _mm256_setzero_si256(); }
inline ints splat_int(int32_t v) { return _mm256_set1_epi32(v); }
inline ints mul_ints(ints a, ints b) { return _mm256_mullo_epi32(a, b); }
inline ints add_ints(ints a, ints b) { return _mm256_add_epi32(a, b); }
inline ints and_ints(ints a, ints b) { return _mm256_and_si256(a, b); }
inline ints or_ints(ints a, ints b) { return _mm256_or_si256(a, b); }
template <int n>
inline ints shl_ints(ints a) {
  return _mm256_slli_epi32(a, n);
}
template <int n>
inline ints shr_ints(ints a) {
  return _mm256_srli_epi32(a, n);
}
template <int n>
inline ints sra_ints(ints a) {
  return _mm256_srai_epi32(a, n);
}

}  // namespace lt::simd::LT_ISA

#ifdef LT_ISA_AVXVNNI
#include "simd/simd_dots_avxvnni.h"
#else
#include "simd/simd_dots_avx2.h"
#endif

namespace lt::simd::LT_ISA {

inline ints dot_i8_i16(ints acc, bytes a, const int16_t* b) {
  const __m256i w = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(a));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(w, load_bytes(b)));
}

inline int4 sum_quads(const ints v[2]) {
  __m256i s = _mm256_add_epi32(_mm256_unpacklo_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[0], v[1]));
  s = _mm256_add_epi32(s, _mm256_shuffle_epi32(s, 0x4e));                                        // q0 q2 .. | q1 q3 ..
  const int4 q = _mm_unpacklo_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));  // q0 q1 q2 q3
  return q;
}
inline int4 sum_each(ints v0, ints v1, ints v2, ints v3) {
  const ints a = _mm256_add_epi32(_mm256_unpacklo_epi32(v0, v1), _mm256_unpackhi_epi32(v0, v1));
  const ints b = _mm256_add_epi32(_mm256_unpacklo_epi32(v2, v3), _mm256_unpackhi_epi32(v2, v3));
  const ints c = _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
  return _mm_add_epi32(_mm256_castsi256_si128(c), _mm256_extracti128_si256(c, 1));
}

inline floats load_floats(const float* p) { return _mm256_loadu_ps(p); }
inline void store_floats(float* p, floats a) { _mm256_storeu_ps(p, a); }
inline floats zero_floats() { return _mm256_setzero_ps(); }
inline floats splat_float(float v) { return _mm256_set1_ps(v); }
inline floats negate(floats a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
inline floats add_floats(floats a, floats b) { return _mm256_add_ps(a, b); }
inline floats mul_floats(floats a, floats b) { return _mm256_mul_ps(a, b); }
inline floats fma_floats(floats a, floats b, floats c) { return _mm256_fmadd_ps(a, b, c); }
inline floats to_floats(ints a) { return _mm256_cvtepi32_ps(a); }
inline floats halfs_to_floats(ints a) {
  const __m256i low = _mm256_and_si256(a, splat_int(0xffff));
  return _mm256_cvtph_ps(_mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
}
inline floats load_halfs_wide(const uint16_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
inline floats load_bf16_wide(const uint16_t* p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), 16));
}

inline floats max_abs(floats a, floats b) { return _mm256_max_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a), b); }
inline float max_lane(floats a) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
inline ints round_to_int8(floats a) { return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(a, splat_float(-127)), splat_float(127))); }
inline void store_low_bytes(int8_t* p, ints a) {
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}

}  // namespace lt::simd::LT_ISA
