// Sums in which numbers below the normal ones (2^-126) count as zero, whether read or made: what BF16's instructions do, whatever the
// CPU is set to. A result counts as made below them if it still is when it is rounded to 24 bits without a limit to its exponent.
//
// x86 does the same when it is set to (FTZ and DAZ). ARM decides before it rounds, and elsewhere nothing can be relied on; there a
// tile notices that some number was so small, and its rows are computed again by row_again, which looks at each.
#pragma once
#include "backend/cpu/kernels.h"
#include "simd/simd.h"

#if defined(LT_ISA_NEON) && defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace lt::cpu::LT_ISA {

#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)

// Sets the CPU for what is computed until end_flushing, which takes what this returns. Functions, since a destructor would bring along
// what exceptions need, which is not of one ISA alone.
LT_INLINE unsigned begin_flushing() {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  return before;
}
LT_INLINE void end_flushing(unsigned before) { _mm_setcsr(before); }

struct Small {};
template <class V>
LT_INLINE void watch(Small&, const V&) {}
LT_INLINE float flushed_fold(f32x16 sum) { return fold_add(sum); }
LT_INLINE float flushed_sum(float a, float b) { return a + b; }

#else
#define LT_FLUSHES_AGAIN

LT_INLINE uint32_t bits_of(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}
LT_INLINE float normal_or_zero(float f) {
  const uint32_t u = bits_of(f), kept = (u & 0x7f800000) != 0 ? u : u & 0x80000000;
  float n;
  memcpy(&n, &kept, 4);
  return n;
}
// A sum of two floats that is no normal number is exact: it makes no difference when it is looked at.
LT_INLINE float flushed_sum(float a, float b) { return normal_or_zero(normal_or_zero(a) + normal_or_zero(b)); }
LT_INLINE float flushed_fold(const f32x16& sum) {
  float lane[16];
  store(lane, sum);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] = flushed_sum(lane[i], lane[i + half]);
  return lane[0];
}

// sum = fma(w, x, sum), all of them normal or zero.
LT_INLINE void flushed_fma(float (&sum)[16], const float (&w)[16], const float (&x)[16]) {
  float made[16];
  store(made, fma(load(w), load(x), load(sum)));
  for (int i = 0; i < 16; i++) {
    // What was rounded to the least normal number may have been nearer to the number of 24 bits below it.
    constexpr double between = 0x1p-126 - 0x1p-151;
    if ((bits_of(made[i]) & 0x7fffffff) == 0x00800000) {
      const double p = static_cast<double>(w[i]) * static_cast<double>(x[i]), z = static_cast<double>(sum[i]), s = p + z;
      const double t = s - p, dropped = (p - (s - t)) + (z - t);  // s + dropped is the sum (Knuth)
      const double size = s < 0 ? -s : s, more = s < 0 ? -dropped : dropped;
      if (size < between || (size == between && more < 0)) made[i] = s < 0 ? -0.0f : 0.0f;
    }
    sum[i] = normal_or_zero(made[i]);
  }
}

template <class W>
LT_NOINLINE void row_slowly(const MatmulPiece& p, int64_t row, int64_t token, int64_t tokens) {
  const int64_t stride = W::stride(p.cols);
  for (int64_t t = token; t < token + tokens; t++) {
    const auto* x = static_cast<const typename W::Input*>(p.prepared) + t * stride;
    float sum[16] = {}, w[16], u[16];
    for (int64_t k = 0; k < (p.cols + W::multiple - 1) / W::multiple * W::multiple; k += W::step) {
      store(w, W::weights(p.w + row * p.w_stride, k, p.cols));
      store(u, W::inputs(x, k));
      for (float& f : w) f = normal_or_zero(f);
      flushed_fma(sum, w, u);
    }
    const float all = flushed_fold(load(sum));
    result(p, t)[row] = p.bias ? flushed_sum(all, p.bias[row]) : all;
  }
}

#if defined(LT_ISA_NEON)

#if defined(_MSC_VER) && !defined(__clang__)
LT_INLINE uint64_t float_control() { return static_cast<uint64_t>(_ReadStatusReg(ARM64_FPCR)); }
LT_INLINE void set_float_control(uint64_t v) { _WriteStatusReg(ARM64_FPCR, static_cast<int64_t>(v)); }
LT_INLINE uint64_t float_status() { return static_cast<uint64_t>(_ReadStatusReg(ARM64_FPSR)); }
LT_INLINE void set_float_status(uint64_t v) { _WriteStatusReg(ARM64_FPSR, static_cast<int64_t>(v)); }
#else
// Memory is named so that what is written before and read after is computed before and after.
LT_INLINE uint64_t float_control() {
  uint64_t v;
  __asm__ volatile("mrs %0, fpcr" : "=r"(v) : : "memory");
  return v;
}
LT_INLINE void set_float_control(uint64_t v) { __asm__ volatile("msr fpcr, %0" : : "r"(v) : "memory"); }
LT_INLINE uint64_t float_status() {
  uint64_t v;
  __asm__ volatile("mrs %0, fpsr" : "=r"(v) : : "memory");
  return v;
}
LT_INLINE void set_float_status(uint64_t v) { __asm__ volatile("msr fpsr, %0" : : "r"(v) : "memory"); }
#endif
constexpr uint64_t flush_to_zero = 1 << 24, underflow = 1 << 3;

LT_INLINE uint64_t begin_flushing() {
  const uint64_t before = float_control();
  set_float_control(before | flush_to_zero);
  set_float_status(float_status() & ~underflow);
  return before;
}
LT_INLINE void end_flushing(uint64_t before) { set_float_control(before); }

// The CPU notes by itself that a result was flushed.
struct Small {};
template <class V>
LT_INLINE void watch(Small&, const V&) {}
LT_INLINE bool any(const Small&) { return (float_status() & underflow) != 0; }

template <class W>
LT_NOINLINE void row_again(const MatmulPiece& p, int64_t row, int64_t token, int64_t tokens) {
  const uint64_t control = float_control();
  set_float_control(control & ~flush_to_zero);
  row_slowly<W>(p, row, token, tokens);
  set_float_control(control);
  set_float_status(float_status() & ~underflow);
}

#else

LT_INLINE int begin_flushing() { return 0; }
LT_INLINE void end_flushing(int) {}

struct Small {
  uint32_t bits = 0;  // the highest: whether a number up to the least normal one was seen, but for zero
};
LT_INLINE void watch(Small& small, const f32x16& a) {
  for (int i = 0; i < 16; i++) {
    const uint32_t size = to_bits(a.v[i]) & 0x7fffffff;
    small.bits |= (size - 0x00800001) & ~(size - 1);
  }
}
LT_INLINE bool any(const Small& small) { return small.bits >> 31 != 0; }

template <class W>
LT_INLINE void row_again(const MatmulPiece& p, int64_t row, int64_t token, int64_t tokens) {
  row_slowly<W>(p, row, token, tokens);
}

#endif
#endif

}  // namespace lt::cpu::LT_ISA
