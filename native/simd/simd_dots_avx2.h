// Products of bytes for AVX2, which has no 4-byte dot product: products of pairs are summed as int16 (dots), which the callers' codes
// cannot overflow, and become int32 when a block or a scale ends.
#pragma once

namespace lt::simd::LT_ISA {

constexpr bool wide_dots = false;
constexpr int offset8 = 0;

inline bytes to_dot8(bytes a) { return a; }
inline ints dot2(ints acc, ints a, ints b) { return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b)); }

// Each int16 of a pair starts from its own part: what remains of 32 4-bit codes less 8, or of 16 6-bit codes less 32, fits it
// (2 * 8 * 127 * 16 and 8 * 32 * 127 < 2^15); int16 wraps, so sums before the last may pass it.
inline int32_t dot_start(int offset, int sum, const int8_t* q, int n) {
  int even = 0;  // k mod 4 of 0 and 1
  for (int k = 0; k < n; k += 4) even += q[k] + q[k + 1];
  return int32_t(uint32_t(-offset * even) & 0xffff) | int32_t(uint32_t(-offset * (sum - even)) << 16);
}
inline dots zero_dots() { return _mm256_setzero_si256(); }
inline dots start_dots(int32_t start) { return _mm256_set1_epi32(start); }
inline dots add_dots(dots a, dots b) { return _mm256_add_epi16(a, b); }
inline dots sub_dots(dots a, dots b) { return _mm256_sub_epi16(a, b); }
inline dots dot(dots acc, bytes w, bytes a) { return _mm256_add_epi16(acc, _mm256_maddubs_epi16(w, a)); }
inline ints sum_dots(dots a) { return _mm256_madd_epi16(a, _mm256_set1_epi16(1)); }
// |w| times a with w's sign: a pair is at most 2 * 128 * 127 < 2^15.
inline ints start_dot8(int32_t) { return _mm256_setzero_si256(); }
inline ints dot8(ints acc, bytes w, bytes a) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
inline ints scale_lanes(ints scale) { return _mm256_or_si256(_mm256_slli_epi32(scale, 16), _mm256_and_si256(scale, splat_int(0xffff))); }
inline ints add_scaled(ints acc, dots a, ints scale) { return _mm256_add_epi32(acc, _mm256_madd_epi16(a, scale)); }
inline ints add_scaled_quads(ints acc, dots a, dots b, bytes scale) {
  acc = _mm256_add_epi32(acc, _mm256_madd_epi16(a, _mm256_unpacklo_epi64(scale, scale)));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(b, _mm256_unpackhi_epi64(scale, scale)));
}

}  // namespace lt::simd::LT_ISA
