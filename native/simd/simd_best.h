// Beside simd.h: which of many floats is the largest. A float's lowest bits can carry the number of what it belongs to, so that
// one maximum finds both.
#pragma once
#include "simd/simd.h"

namespace lt::simd::LT_ISA {

#if defined(LT_ISA_AVX512)
// The bits of each lane that `keep` has, and those of `tag`.
LT_INLINE f32x16 tagged(f32x16 a, uint32_t keep, uint32_t tag) {
  const __m512i k = _mm512_set1_epi32(static_cast<int>(keep)), t = _mm512_set1_epi32(static_cast<int>(tag));
  return {_mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(a.v), k, t, 0xea))};
}
// Each lane and the bits of its number, 0 to 15.
LT_INLINE f32x16 tagged_by_lane(f32x16 a) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return {_mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(a.v), lane))};
}
// Bit i: lane i of a equals that of b.
LT_INLINE uint32_t equal_lanes(f32x16 a, f32x16 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ); }
#elif defined(LT_ISA_AVX2)
LT_INLINE f32x16 tagged(f32x16 a, uint32_t keep, uint32_t tag) {
  const __m256 k = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(keep)));
  const __m256 t = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(tag)));
  return {_mm256_or_ps(_mm256_and_ps(a.lo, k), t), _mm256_or_ps(_mm256_and_ps(a.hi, k), t)};
}
LT_INLINE f32x16 tagged_by_lane(f32x16 a) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm256_or_ps(a.lo, _mm256_castsi256_ps(lane)),
          _mm256_or_ps(a.hi, _mm256_castsi256_ps(_mm256_add_epi32(lane, _mm256_set1_epi32(8))))};
}
LT_INLINE uint32_t equal_lanes(f32x16 a, f32x16 b) {
  const int lo = _mm256_movemask_ps(_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ)), hi = _mm256_movemask_ps(_mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ));
  return static_cast<uint32_t>(lo | hi << 8);
}
#else
LT_INLINE f32x16 tagged(f32x16 a, uint32_t keep, uint32_t tag) {
  float lanes[16];
  store(lanes, a);
  for (float& x : lanes) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = (bits & keep) | tag;
    memcpy(&x, &bits, 4);
  }
  return load(lanes);
}
LT_INLINE f32x16 tagged_by_lane(f32x16 a) {
  float lanes[16];
  store(lanes, a);
  for (uint32_t i = 0; i < 16; i++) {
    uint32_t bits;
    memcpy(&bits, &lanes[i], 4);
    bits |= i;
    memcpy(&lanes[i], &bits, 4);
  }
  return load(lanes);
}
LT_INLINE uint32_t equal_lanes(f32x16 a, f32x16 b) {
  float x[16], y[16];
  store(x, a), store(y, b);
  uint32_t bits = 0;
  for (uint32_t i = 0; i < 16; i++) bits |= (x[i] == y[i] ? 1u : 0u) << i;
  return bits;
}
#endif

}  // namespace lt::simd::LT_ISA
