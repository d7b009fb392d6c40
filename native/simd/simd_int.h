// Integer vectors of one ISA's native width, for the block kernels. A vector is `quads` runs of 16 bytes:
//   bytes   4 * lanes bytes, read as u8 or s8        ints    lanes x int32        floats  lanes x float
//   dots    running sums of 4-byte dot products; int16 pairs where the ISA has no 4-byte dot (then 8 steps of 4-bit weights, or
//           4 of 6-bit weights less their offset, fit), else int32: wide_dots
//   int4, float4   4 lanes, one a chain of blocks (block index mod 4), or one a block of four
// Shuffles stay inside a quad, so that one source has the same meaning at every width. Every float operation is one correctly
// rounded step: all ISAs give the same bits.
//   prefetch: into the first cache; prefetch_far: into the second, for what is wanted after more than the first holds
//   eights: whether runs of eight bytes are multiplied, two by two, instead of four
//   tile_rows x tile_tokens: the register tile of a GEMM, in vectors of rows and in tokens.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__GNUC__)
#if defined(LT_SANITIZED)  // as in simd.h
#define LT_UNROLL
#else
#define LT_UNROLL _Pragma("GCC unroll 16")
#endif
#define LT_ROLLED _Pragma("GCC unroll 1")
#define LT_OUTLINED __attribute__((noinline))
#else
#define LT_UNROLL
#define LT_ROLLED
#define LT_OUTLINED
#endif

// Rows beside one another; on ARM one after the other: GCC moves loads up over all of them, to wait in memory.
#if defined(LT_ISA_NEON)
#define LT_ROWS LT_ROLLED
#else
#define LT_ROWS LT_UNROLL
#endif

#if defined(LT_ISA_AVX512)
#include "simd/simd_int_avx512.h"
#elif defined(LT_ISA_AVX2)
#include "simd/simd_int_avx2.h"
#elif defined(LT_ISA_NEON)
#include "simd/simd_int_neon.h"
#else
#error "no vectors of bytes here: the block kernels of this ISA are plain loops"
#endif

namespace lt::simd::LT_ISA {

#ifdef LT_ISA_I8MM
constexpr bool eights = true;
#else
constexpr bool eights = false;
#endif

constexpr int lanes = quads * 4;
constexpr int vector_bytes = lanes * 4;
constexpr int vectors_64 = 64 / vector_bytes;  // native vectors in 64 bytes
constexpr int group_rows = tile_rows * lanes;

inline uint16_t load16(const uint8_t* p) {
  uint16_t v;
  memcpy(&v, p, 2);
  return v;
}

inline uint32_t load32(const uint8_t* p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

#ifndef LT_ISA_NEON
inline bytes high_nibbles(bytes a) { return and_bytes(shr_words<4>(a), splat_byte(15)); }
#endif

#ifndef LT_ISA_AVX512
// The bit pairs 0..3 of 32 bytes, as 128 values in bits 4 and 5: pairs 0 and 1 in first, 2 and 3 in second. Vector v of each.
inline void spread_pairs(const uint8_t* p, int v, bytes& first, bytes& second) {
  const bytes h = load_bytes(p + v * vector_bytes % 32);
  const bool upper = v * vector_bytes >= 32;
  first = upper ? shl_words<2>(h) : shl_words<4>(h);
  second = upper ? shr_words<2>(h) : h;
}
// 32 bytes twice, the first time shifted by a, the second by b, each as int16; to the left where that is negative. Vector v of them.
template <int a, int b>
inline bytes shr_twice(const uint8_t* p, int v) {
  const auto shifted = []<int n>(bytes h) {
    if constexpr (n < 0) return shl_words<-n>(h);
    if constexpr (n > 0) return shr_words<n>(h);
    return h;
  };
  const bytes h = load_bytes(p + v * vector_bytes % 32);
  return v * vector_bytes >= 32 ? shifted.template operator()<b>(h) : shifted.template operator()<a>(h);
}
#endif

// Four times 16 bits, those that are set in absent of a float's -0.
inline uint64_t join_16(uint16_t a, uint16_t b, uint16_t c, uint16_t d, uint64_t absent) {
  const uint64_t all = uint64_t(a) | uint64_t(b) << 16 | uint64_t(c) << 32 | uint64_t(d) << 48;
  return (all & ~absent) | (absent & 0x8000800080008000);
}

}  // namespace lt::simd::LT_ISA
