// Products of bytes for CPUs with AVX-VNNI but without AVX-512: the 4-byte dot products of simd_int_avx512.h at half the width.
#pragma once

namespace lt::simd::LT_ISA {

constexpr bool wide_dots = true;
constexpr int offset8 = 128;  // what to_dot8 adds to a signed byte

#ifdef LT_VNNI_OF_AVX512  // the same instructions in the encoding of AVX-512 VNNI and VL, to check these kernels where there is no AVX-VNNI
inline ints dot_bytes(ints acc, bytes u8, bytes s8) { return _mm256_dpbusd_epi32(acc, u8, s8); }
inline ints dot2(ints acc, ints a, ints b) { return _mm256_dpwssd_epi32(acc, a, b); }
#else
inline ints dot_bytes(ints acc, bytes u8, bytes s8) { return _mm256_dpbusd_avx_epi32(acc, u8, s8); }
inline ints dot2(ints acc, ints a, ints b) { return _mm256_dpwssd_avx_epi32(acc, a, b); }
#endif

inline bytes to_dot8(bytes a) { return _mm256_xor_si256(a, splat_byte(0x80)); }
inline int32_t dot_start(int offset, int sum, const int8_t*, int) { return -offset * sum; }
inline dots zero_dots() { return _mm256_setzero_si256(); }
inline dots start_dots(int32_t start) { return _mm256_set1_epi32(start); }
inline dots add_dots(dots a, dots b) { return _mm256_add_epi32(a, b); }
inline dots sub_dots(dots a, dots b) { return _mm256_sub_epi32(a, b); }
inline dots dot(dots acc, bytes w, bytes a) { return dot_bytes(acc, w, a); }
inline ints sum_dots(dots a) { return a; }
inline ints start_dot8(int32_t start_of_8) { return _mm256_set1_epi32(start_of_8 * (offset8 / 8)); }
inline ints dot8(ints acc, bytes w, bytes a) { return dot_bytes(acc, w, a); }
inline ints scale_lanes(ints scale) { return scale; }
inline ints add_scaled(ints acc, dots a, ints scale) { return _mm256_add_epi32(acc, _mm256_mullo_epi32(a, scale)); }
inline ints add_scaled_quads(ints acc, dots a, dots b, bytes scale) { return dot2(acc, _mm256_packs_epi32(a, b), scale); }

}  // namespace lt::simd::LT_ISA
