// Columns of sixteen rows of a cache, as floats. On x86 narrow numbers are turned before they are widened, when fewer registers hold
// them; row i and row i + 8 share one, so that three rounds of interleaving turn (row, column) into (column, row) in each half.
#pragma once
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
constexpr bool turns_narrow = true;

// Sixteen bytes of each row.
LT_INLINE void load_pairs(const uint8_t* in, int64_t stride, __m256i (&a)[8]) {
  LT_UNROLL for (int i = 0; i < 8; i++) {
    const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i * stride));
    const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + (i + 8) * stride));
    a[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(lower), upper, 1);
  }
}

template <int bytes>
LT_INLINE void interleave(__m256i (&a)[8]) {
  LT_UNROLL for (int round = 0; round < 3; round++) {
    __m256i b[8];
    LT_UNROLL for (int i = 0; i < 4; i++) {
      b[2 * i] = bytes == 1 ? _mm256_unpacklo_epi8(a[i], a[i + 4]) : _mm256_unpacklo_epi16(a[i], a[i + 4]);
      b[2 * i + 1] = bytes == 1 ? _mm256_unpackhi_epi8(a[i], a[i + 4]) : _mm256_unpackhi_epi16(a[i], a[i + 4]);
    }
    LT_UNROLL for (int i = 0; i < 8; i++) a[i] = b[i];
  }
}

#if defined(LT_ISA_AVX512)
LT_INLINE f32x16 widen_f16(__m256i h) { return {_mm512_cvtph_ps(h)}; }
LT_INLINE f32x16 widen_i8(__m128i b) { return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(b))}; }
#else
LT_INLINE f32x16 widen_f16(__m256i h) {
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(h)), _mm256_cvtph_ps(_mm256_extracti128_si256(h, 1))};
}
LT_INLINE f32x16 widen_i8(__m128i b) {
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(b)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(b, 8)))};
}
#endif

// r[j] = column j of sixteen rows of f16, `stride` bytes apart.
LT_INLINE void turn_f16(const uint8_t* in, int64_t stride, f32x16 (&r)[16]) {
  LT_UNROLL for (int half = 0; half < 2; half++) {
    __m256i a[8];
    load_pairs(in + 16 * half, stride, a);
    interleave<2>(a);
    LT_UNROLL for (int i = 0; i < 8; i++) r[8 * half + i] = widen_f16(a[i]);
  }
}

// The same of bytes, of which each half of a register has two columns then.
LT_INLINE void turn_i8(const uint8_t* in, int64_t stride, f32x16 (&r)[16]) {
  __m256i a[8];
  load_pairs(in, stride, a);
  interleave<1>(a);
  LT_UNROLL for (int i = 0; i < 8; i++) {
    const __m256i two = _mm256_permute4x64_epi64(a[i], 0xd8);
    r[2 * i] = widen_i8(_mm256_castsi256_si128(two));
    r[2 * i + 1] = widen_i8(_mm256_extracti128_si256(two, 1));
  }
}
#else
constexpr bool turns_narrow = false;
#endif

// What lies in a row: columns i to i + 15 of it, of which the first n are read and the others zero; or all sixteen.
struct RowF32 {
  static constexpr bool turned = false;
  LT_INLINE f32x16 at(const uint8_t* row, int64_t i) { return load(reinterpret_cast<const float*>(row) + i); }
  LT_INLINE f32x16 at(const uint8_t* row, int64_t i, int64_t n) { return load(reinterpret_cast<const float*>(row) + i, n); }
};

struct RowF16 {
  static constexpr bool turned = turns_narrow;
  LT_INLINE f32x16 at(const uint8_t* row, int64_t i) { return load_f16(reinterpret_cast<const uint16_t*>(row) + i); }
  LT_INLINE f32x16 at(const uint8_t* row, int64_t i, int64_t n) { return load_f16(reinterpret_cast<const uint16_t*>(row) + i, n); }
#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
  LT_INLINE void turn(const uint8_t* in, int64_t stride, int64_t i, f32x16 (&r)[16]) { turn_f16(in + 2 * i, stride, r); }
#endif
};

struct RowQ8_0 {  // columns are a multiple of 32
  static constexpr bool turned = turns_narrow;
  LT_INLINE f32x16 at(const uint8_t* row, int64_t i) {
    const uint8_t* block = row + i / 32 * 34;
    uint16_t d;
    memcpy(&d, block, 2);
    return load_i8(reinterpret_cast<const int8_t*>(block + 2 + i % 32)) * set1(from_half(d));
  }
  LT_INLINE f32x16 at(const uint8_t* row, int64_t i, int64_t) { return at(row, i); }
#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
  LT_INLINE void turn(const uint8_t* in, int64_t stride, int64_t i, f32x16 (&r)[16]) {
    const uint8_t* block = in + i / 32 * 34;
    uint16_t d[16];
    LT_UNROLL for (int j = 0; j < 16; j++) memcpy(d + j, block + j * stride, 2);
    turn_i8(block + 2 + i % 32, stride, r);
    const f32x16 scales = load_f16(d);
    LT_UNROLL for (int j = 0; j < 16; j++) r[j] = r[j] * scales;
  }
#endif
};

// r[j] = column i + j of sixteen rows; zero from column i + n on.
template <class Row>
LT_INLINE void columns(const uint8_t* in, int64_t stride, int64_t i, int64_t n, f32x16 (&r)[16]) {
  if constexpr (Row::turned)
    if (n == 16) return Row::turn(in, stride, i, r);
  if (n == 16) {
    LT_UNROLL for (int j = 0; j < 16; j++) r[j] = Row::at(in + j * stride, i);
  } else {
    LT_UNROLL for (int j = 0; j < 16; j++) r[j] = Row::at(in + j * stride, i, n);
  }
  transpose(r);
}

}  // namespace lt::cpu::LT_ISA
