// Sixteen floats as a value: one zmm, two ymm, four NEON quads or an array, by the ISA a kernel is compiled for. Every function
// gives the same bits on each of them, so a kernel written once gives the same bits everywhere. For kernels/ only: all of it has
// internal linkage or lives in the ISA's namespace, so that the linker never merges code of one ISA into another.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
#include <immintrin.h>
#elif defined(LT_ISA_NEON)
#include <arm_neon.h>
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define LT_INLINE static __forceinline
#define LT_UNROLL
#define LT_NOINLINE static __declspec(noinline)
#else
#define LT_NOINLINE static __attribute__((noinline))
#if defined(LT_SANITIZED)  // as much is checked in a called function and a loop, which take clang a fourth of the time
#define LT_INLINE static inline
#else
#define LT_INLINE static inline __attribute__((always_inline))
#endif
#if defined(LT_SANITIZED) || defined(LT_ISA_PORTABLE)  // where arrays are in memory, unrolled or not
#define LT_UNROLL
#else
#define LT_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

#if defined(LT_ISA_AVX512)
#include "simd/simd_avx512.h"
#elif defined(LT_ISA_AVX2)
#include "simd/simd_avx2.h"
#elif defined(LT_ISA_NEON)
#include "simd/simd_neon.h"
#else
#include "simd/simd_portable.h"
#endif

namespace lt::simd::LT_ISA {

LT_INLINE void prefetch(const void* p) {
#if defined(_MSC_VER) && !defined(__clang__)
#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
#else
  (void)p;
#endif
#else
  __builtin_prefetch(p);
#endif
}

// Into the second cache: the first has too few misses in flight to fetch from memory at its full rate.
LT_INLINE void prefetch_far(const void* p) {
#if defined(_MSC_VER) && !defined(__clang__)
#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1);
#else
  (void)p;
#endif
#else
  __builtin_prefetch(p, 0, 2);
#endif
}

// e^x, relative error below 2e-7: x = n ln 2 + r, |r| <= ln 2 / 2, ln 2 in two parts (Cody and Waite); a polynomial fitted to
// e^r; 2^n put into the exponent. Below -87.3 exactly 0, above 88.3 as at 88.3 (2.2e38), NaN stays NaN; 1 at 0.
LT_INLINE f32x16 exp(f32x16 x) {
  const f32x16 lowest = set1(-87.3f);
  const f32x16 c = max(lowest, min(set1(88.3f), x));
  const f32x16 magic = set1(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, which the low bits then hold
  const f32x16 t = fma(c, set1(1.44269504f), magic);
  const f32x16 n = t - magic;
  const f32x16 r = fma(n, set1(-1.42860677e-6f), fma(n, set1(-0.693145752f), c));
  f32x16 p = set1(1.381386886e-3f);
  p = fma(p, r, set1(8.369068615e-3f));
  p = fma(p, r, set1(4.166842252e-2f));
  p = fma(p, r, set1(1.666651815e-1f));
  p = fma(p, r, set1(4.999999404e-1f));
  p = fma(p, r, set1(1.0f));
  p = fma(p, r, set1(1.0f));
  return zero_where_less(x, lowest, p * power_of_two(t));
}

}  // namespace lt::simd::LT_ISA
