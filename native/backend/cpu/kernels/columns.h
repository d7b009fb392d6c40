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
  // Eight columns of sixteen rows.
  struct Turned {
    static constexpr int columns = 8;
    __m256i a[8];
  };
  LT_INLINE Turned turn(const uint8_t* in, int64_t stride, int64_t i) {
    Turned t;
    load_pairs(in + 2 * i, stride, t.a);
    interleave<2>(t.a);
    return t;
  }
  LT_INLINE f32x16 column(const Turned& t, int j) { return widen_f16(t.a[j]); }
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
  struct Turned {  // each half of a register has two columns
    static constexpr int columns = 16;
    __m256i a[8];
    f32x16 scales;
  };
  LT_INLINE Turned turn(const uint8_t* in, int64_t stride, int64_t i) {
    const uint8_t* block = in + i / 32 * 34;
    uint16_t d[16];
    LT_UNROLL for (int j = 0; j < 16; j++) memcpy(d + j, block + j * stride, 2);
    Turned t;
    load_pairs(block + 2 + i % 32, stride, t.a);
    interleave<1>(t.a);
    t.scales = load_f16(d);
    return t;
  }
  LT_INLINE f32x16 column(const Turned& t, int j) {
    const __m256i two = _mm256_permute4x64_epi64(t.a[j / 2], 0xd8);
    return widen_i8(j % 2 ? _mm256_extracti128_si256(two, 1) : _mm256_castsi256_si128(two)) * t.scales;
  }
#endif
};

// r[j] = column i + j of sixteen rows; zero from column i + n on.
template <class Row>
LT_INLINE void columns(const uint8_t* in, int64_t stride, int64_t i, int64_t n, f32x16 (&r)[16]) {
  if constexpr (Row::turned) {
    if (n == 16) {
      constexpr int width = Row::Turned::columns;
      LT_UNROLL for (int part = 0; part < 16; part += width) {
        const auto t = Row::turn(in, stride, i + part);
        LT_UNROLL for (int j = 0; j < width; j++) r[part + j] = Row::column(t, j);
      }
      return;
    }
  }
  if (n == 16) {
    LT_UNROLL for (int j = 0; j < 16; j++) r[j] = Row::at(in + j * stride, i);
  } else {
    LT_UNROLL for (int j = 0; j < 16; j++) r[j] = Row::at(in + j * stride, i, n);
  }
  transpose(r);
}

}  // namespace lt::cpu::LT_ISA
