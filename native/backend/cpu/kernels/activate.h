// Activations of sixteen floats, relative errors below 1e-6, the same bits on every ISA. NaN stays NaN.
#pragma once
#include "backend/cpu/kernels.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

LT_INLINE f32x16 size_of(f32x16 x) { return max(x, zero() - x); }

LT_INLINE f32x16 sigmoid(f32x16 x) { return set1(1.0f) / (set1(1.0f) + exp(zero() - x)); }

// Odd in x: a polynomial below 0.625 (Moshier, Cephes), above it 1 - 2 / (e^2|x| + 1).
LT_INLINE f32x16 tanh(f32x16 x) {
  const f32x16 size = size_of(x), z = x * x;
  f32x16 p = set1(-5.70498872745e-3f);
  p = fma(p, z, set1(2.06390887954e-2f));
  p = fma(p, z, set1(-5.37397155531e-2f));
  p = fma(p, z, set1(1.33314422036e-1f));
  p = fma(p, z, set1(-3.33332819422e-1f));
  const f32x16 near = fma(x * z, p, x);
  const f32x16 far = set1(1.0f) - set1(2.0f) / (exp(size + size) + set1(1.0f));
  return where_less(size, set1(0.625f), near, where_less(x, zero(), zero() - far, far));
}

// ln(1 + t) of 0 <= t <= 1: 2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...), s = t / (2 + t) <= 1/3.
LT_INLINE f32x16 log_above(f32x16 t) {
  const f32x16 s = t / (set1(2.0f) + t), z = s * s, twice = s + s;
  f32x16 p = set1(1.0f / 13);
  p = fma(p, z, set1(1.0f / 11));
  p = fma(p, z, set1(1.0f / 9));
  p = fma(p, z, set1(1.0f / 7));
  p = fma(p, z, set1(1.0f / 5));
  p = fma(p, z, set1(1.0f / 3));
  return fma(twice * z, p, twice);
}

LT_INLINE f32x16 softplus(f32x16 x) { return max(zero(), x) + log_above(exp(zero() - size_of(x))); }

// The normal distribution's share below -x, x >= 0: e^(-x^2 / 2) times a polynomial fitted to the rest, in t = 1 / (1 + 0.3 x). What
// rounds off x^2 is put back, else it would show in the exponential.
LT_INLINE f32x16 normal_tail(f32x16 x) {
  const f32x16 t = set1(1.0f) / fma(set1(0.3f), x, set1(1.0f));
  f32x16 p = set1(3.60364541e-2f);
  p = fma(p, t, set1(-1.58714190e-1f));
  p = fma(p, t, set1(2.08965510e-1f));
  p = fma(p, t, set1(-5.60966432e-2f));
  p = fma(p, t, set1(1.29843771e-1f));
  p = fma(p, t, set1(9.95229632e-2f));
  p = fma(p, t, set1(1.20816909e-1f));
  p = fma(p, t, set1(1.19625166e-1f));
  const f32x16 square = x * x, rest = fma(x, x, zero() - square);
  const f32x16 e = exp(square * set1(-0.5f));
  return fma(e, rest * set1(-0.5f), e) * (p * t);
}

// x times the normal distribution's share below x (Hendrycks and Gimpel, 2016); beyond 14 that is 0 or 1.
LT_INLINE f32x16 gelu(f32x16 x) {
  const f32x16 tail = normal_tail(min(size_of(x), set1(14.0f)));
  return x * where_less(x, zero(), tail, set1(1.0f) - tail);
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^-2u), u = sqrt(2 / pi) (x + 0.044715 x^3)
LT_INLINE f32x16 gelu_tanh(f32x16 x) {
  const f32x16 u = fma(x * x * x, set1(0.044715f), x);
  return x / (set1(1.0f) + exp(u * set1(-1.59576912f)));
}

// Below 0 e^x - 1 = 2 t / (1 - t), t = tanh(x / 2), which is exact near 0 too.
LT_INLINE f32x16 elu(f32x16 x) {
  const f32x16 t = tanh(x * set1(0.5f));
  return where_less(zero(), x, x, (t + t) / (set1(1.0f) - t));
}

}  // namespace lt::cpu::LT_ISA
