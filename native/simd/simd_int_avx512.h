// simd_int.h for AVX-512 with BW, VL, DQ and VNNI: 16 lanes.
#pragma once
#include <cstring>

#include "simd/simd_int_x86.h"

namespace lt::simd::LT_ISA {

constexpr int quads = 4;
constexpr int tile_rows = 2;
constexpr int tile_tokens = 6;
constexpr bool wide_dots = true;
constexpr int offset8 = 128;  // what to_dot8 adds to a signed byte

using bytes = __m512i;
using ints = __m512i;
using floats = __m512;
using dots = __m512i;

// Keeps an accumulator in its register: GCC otherwise moves loads across the unrolled steps and spills.
inline void pin(__m512i& a) { asm("" : "+v"(a)); }

inline bytes load_bytes(const void* p) { return _mm512_loadu_si512(p); }
inline void store_bytes(void* p, bytes a) { _mm512_storeu_si512(p, a); }
inline bytes load_quad_each(const uint8_t* p, size_t stride) {
  const auto q = [&](size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i * stride)); };
  const __m256i lo = _mm256_inserti128_si256(_mm256_castsi128_si256(q(0)), q(1), 1);
  const __m256i hi = _mm256_inserti128_si256(_mm256_castsi128_si256(q(2)), q(3), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(lo), hi, 1);
}
// Quad q from rows[4 * q] + offset.
inline bytes load_quad_rows(const uint8_t* const* rows, size_t offset) {
  const auto q = [&](size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[4 * i] + offset)); };
  const __m256i lo = _mm256_inserti128_si256(_mm256_castsi128_si256(q(0)), q(1), 1);
  const __m256i hi = _mm256_inserti128_si256(_mm256_castsi128_si256(q(2)), q(3), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(lo), hi, 1);
}
inline bytes repeat_quad(const void* p) { return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
inline bytes repeat_u64s(uint64_t low, uint64_t high) { return _mm512_broadcast_i32x4(_mm_set_epi64x(int64_t(high), int64_t(low))); }
inline bytes repeat_u64(uint64_t v) { return _mm512_set1_epi64(int64_t(v)); }
inline bytes repeat_four(const uint8_t* p) {
  int32_t v;
  memcpy(&v, p, 4);
  return _mm512_set1_epi32(v);
}
inline bytes splat_byte(int v) { return _mm512_set1_epi8(char(v)); }
inline bytes and_bytes(bytes a, bytes b) { return _mm512_and_si512(a, b); }
inline bytes or_bytes(bytes a, bytes b) { return _mm512_or_si512(a, b); }
inline bytes select_bits(bytes mask, bytes on, bytes off) {
  return _mm512_ternarylogic_epi32(mask, on, off, 0xca);
}  // of on where mask has them
template <int n>
inline bytes shr_words(bytes a) {  // of int16: the caller masks what crosses into the lower byte
  return _mm512_srli_epi16(a, n);
}
template <int n>
inline bytes shl_words(bytes a) {
  return _mm512_slli_epi16(a, n);
}
template <int n>
inline bytes sra_words(bytes a) {
  return _mm512_srai_epi16(a, n);
}
inline bytes mul_words(bytes a, bytes b) { return _mm512_mullo_epi16(a, b); }
inline bytes add_bytes(bytes a, bytes b) { return _mm512_add_epi8(a, b); }
// -a where a bit is set, byte by byte.
inline bytes negate_where(bytes a, uint64_t bits) { return _mm512_mask_sub_epi8(a, bits, _mm512_setzero_si512(), a); }
// The bit pairs 0..3 of 32 bytes, as 128 values in bits 4 and 5: pairs 0 and 1 in first, 2 and 3 in second.
inline void spread_pairs(const uint8_t* p, int, bytes& first, bytes& second) {
  constexpr int64_t word = 0x0001000100010001;
  const bytes h = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  first = _mm512_sllv_epi16(h, _mm512_inserti64x4(_mm512_set1_epi64(word * 4), _mm256_set1_epi64x(word * 2), 1));
  second = _mm512_srlv_epi16(h, _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi64x(word * 2), 1));
}
// 32 bytes twice, the first time shifted by a, the second by b, each as int16; both to the left where they are negative.
template <int a, int b>
inline bytes shr_twice(const uint8_t* p, int) {
  static_assert((a >= 0) == (b >= 0));
  const bytes h = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  if constexpr (a == 0 && b == 0) return h;
  if constexpr (a < 0) return _mm512_sllv_epi16(h, _mm512_inserti64x4(_mm512_set1_epi16(-a), _mm256_set1_epi16(-b), 1));
  return _mm512_srlv_epi16(h, _mm512_inserti64x4(_mm512_set1_epi16(a), _mm256_set1_epi16(b), 1));
}
// Quad q, byte i: 255 where bit 16 * q + i is set, else 0.
inline bytes spread_bits(uint64_t bits) { return _mm512_movm_epi8(bits); }
// on where a has the one bit of `bit`, else off.
inline bytes choose(bytes a, bytes bit, bytes on, bytes off) { return _mm512_mask_blend_epi8(_mm512_test_epi8_mask(a, bit), off, on); }
// In each quad the lower eight bytes of a, then those of b; the upper ones.
inline bytes lower_eights(bytes a, bytes b) { return _mm512_unpacklo_epi64(a, b); }
inline bytes upper_eights(bytes a, bytes b) { return _mm512_unpackhi_epi64(a, b); }
inline bytes lookup(bytes table, bytes index) { return _mm512_shuffle_epi8(table, index); }  // index >= 128: 0
inline bytes to_dot8(bytes a) { return _mm512_xor_si512(a, splat_byte(0x80)); }

// In each quad, x[i] dword j <-> x[j] dword i.
inline void transpose(bytes x[4]) {
  const bytes a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpackhi_epi32(x[0], x[1]);
  const bytes c = _mm512_unpacklo_epi32(x[2], x[3]), d = _mm512_unpackhi_epi32(x[2], x[3]);
  x[0] = _mm512_unpacklo_epi64(a, c), x[1] = _mm512_unpackhi_epi64(a, c);
  x[2] = _mm512_unpacklo_epi64(b, d), x[3] = _mm512_unpackhi_epi64(b, d);
}

inline ints as_ints(bytes a) { return a; }
inline bytes as_bytes(ints a) { return a; }
inline ints load_ints(const void* p) { return _mm512_loadu_si512(p); }
inline void store_ints(void* p, ints a) { _mm512_storeu_si512(p, a); }
inline ints zero_ints() { return _mm512_setzero_si512(); }
inline ints splat_int(int32_t v) { return _mm512_set1_epi32(v); }
inline ints mul_ints(ints a, ints b) { return _mm512_mullo_epi32(a, b); }
inline ints add_ints(ints a, ints b) { return _mm512_add_epi32(a, b); }
inline ints and_ints(ints a, ints b) { return _mm512_and_si512(a, b); }
inline ints or_ints(ints a, ints b) { return _mm512_or_si512(a, b); }
template <int n>
inline ints shl_ints(ints a) {
  return _mm512_slli_epi32(a, n);
}
template <int n>
inline ints shr_ints(ints a) {  // zeros come in
  return _mm512_srli_epi32(a, n);
}
template <int n>
inline ints sra_ints(ints a) {
  return _mm512_srai_epi32(a, n);
}
inline ints dot2(ints acc, ints a, ints b) { return _mm512_dpwssd_epi32(acc, a, b); }  // int16 pairs

// The dot product of u8 weights and s8 activations, and what it starts from to take the weights' offset away: -offset * sum of q[n].
inline int32_t dot_start(int offset, int sum, const int8_t*, int) { return -offset * sum; }
inline dots zero_dots() { return _mm512_setzero_si512(); }
inline dots start_dots(int32_t start) { return _mm512_set1_epi32(start); }
inline dots add_dots(dots a, dots b) { return _mm512_add_epi32(a, b); }
inline dots sub_dots(dots a, dots b) { return _mm512_sub_epi32(a, b); }
inline dots dot(dots acc, bytes w, bytes a) { return _mm512_dpbusd_epi32(acc, w, a); }
inline ints sum_dots(dots a) { return a; }
// Signed bytes (as to_dot8 leaves them) times s8.
inline ints start_dot8(int32_t start_of_8) { return _mm512_set1_epi32(start_of_8 * (offset8 / 8)); }
inline ints dot8(ints acc, bytes w, bytes a) { return _mm512_dpbusd_epi32(acc, w, a); }
// How a sub-block's scale lies in a panel, and acc + scale * dots.
inline ints scale_lanes(ints scale) { return scale; }
inline ints add_scaled(ints acc, dots a, ints scale) { return _mm512_add_epi32(acc, _mm512_mullo_epi32(a, scale)); }
// In each quad: acc + low four int16 of scale * a's lanes + high four * b's.
inline ints add_scaled_quads(ints acc, dots a, dots b, bytes scale) { return _mm512_dpwssd_epi32(acc, _mm512_packs_epi32(a, b), scale); }
inline ints dot_i8_i16(ints acc, bytes a, const int16_t* b) {  // 16 products, of the first quad of a
  const __m256i w = _mm256_cvtepi8_epi16(_mm512_castsi512_si128(a));
  const __m256i p = _mm256_madd_epi16(w, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b)));
  return _mm512_add_epi32(acc, _mm512_zextsi256_si512(p));
}

// Lane i is the sum of quad i.
inline int4 sum_quads(const ints v[1]) {
  const __m256i lo = _mm512_castsi512_si256(v[0]), hi = _mm512_extracti64x4_epi64(v[0], 1);
  __m256i s = _mm256_add_epi32(_mm256_unpacklo_epi32(lo, hi), _mm256_unpackhi_epi32(lo, hi));
  s = _mm256_add_epi32(s, _mm256_shuffle_epi32(s, 0x4e));
  return _mm_unpacklo_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1)) /* q0 q1 q2 q3 */;
}
// Lane i is the sum of all lanes of v[i].
inline int4 sum_each(ints v0, ints v1, ints v2, ints v3) {
  const ints a = _mm512_add_epi32(_mm512_unpacklo_epi32(v0, v1), _mm512_unpackhi_epi32(v0, v1));
  const ints b = _mm512_add_epi32(_mm512_unpacklo_epi32(v2, v3), _mm512_unpackhi_epi32(v2, v3));
  const ints c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1));
}

inline floats load_floats(const float* p) { return _mm512_loadu_ps(p); }
inline void store_floats(float* p, floats a) { _mm512_storeu_ps(p, a); }
inline floats zero_floats() { return _mm512_setzero_ps(); }
inline floats splat_float(float v) { return _mm512_set1_ps(v); }
inline floats negate(floats a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
inline floats add_floats(floats a, floats b) { return _mm512_add_ps(a, b); }
inline floats mul_floats(floats a, floats b) { return _mm512_mul_ps(a, b); }
inline floats fma_floats(floats a, floats b, floats c) { return _mm512_fmadd_ps(a, b, c); }
inline floats to_floats(ints a) { return _mm512_cvtepi32_ps(a); }
inline floats halfs_to_floats(ints a) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(a)); }  // low 16 bits of each lane
inline floats load_halfs_wide(const uint16_t* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }

inline floats load_bf16_wide(const uint16_t* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16));
}

// max(|a|, b); b where a is NaN.
inline floats max_abs(floats a, floats b) { return _mm512_max_ps(_mm512_abs_ps(a), b); }
inline float max_lane(floats a) { return _mm512_reduce_max_ps(a); }
// To the nearest even integer, within +-127; -127 for NaN.
inline ints round_to_int8(floats a) { return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(a, splat_float(-127)), splat_float(127))); }
inline void store_low_bytes(int8_t* p, ints a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a)); }

}  // namespace lt::simd::LT_ISA
