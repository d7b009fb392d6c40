// Activations of one number.
#include "exponential.glsl"

float sigmoid(float x) {
  precise float y = 1.0 / (1.0 + exponential(-x));
  return y;
}

float silu(float x) {  // Elfwing et al. 2017
  precise float y = x / (1.0 + exponential(-x));
  return y;
}

// Cephes (Moshier 1992): an odd polynomial below 0.625, else by the exponential.
float hyperbolic_tangent(float x) {
  const float size = abs(x);
  precise float z = x * x;
  precise float p = fma(fma(fma(fma(-5.70498872745e-3, z, 2.06390887954e-2), z, -5.37397155531e-2), z, 1.33314422036e-1), z, -3.33332819422e-1);
  precise float small = fma(p * z, x, x);
  precise float large = 1.0 - 2.0 / (exponential(2.0 * size) + 1.0);
  return size < 0.625 ? small : x < 0.0 ? -large : large;
}

// The error function's complement for x >= 0, to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26).
float error_complement(float x) {
  precise float t = 1.0 / fma(0.3275911, x, 1.0);
  precise float p = fma(fma(fma(fma(1.061405429, t, -1.453152027), t, 1.421413741), t, -0.284496736), t, 0.254829592) * t;
  precise float y = p * exponential(-x * x);
  return y;
}

// Hendrycks & Gimpel 2016, here and below: x times the normal distribution's integral up to x.
float gelu(float x) {
  precise float rest = 0.5 * error_complement(abs(x) * 0.70710678);
  precise float y = x * (x < 0.0 ? rest : 1.0 - rest);
  return y;
}

float gelu_tanh(float x) {
  precise float inside = 0.79788456 * fma(0.044715 * x * x, x, x);
  precise float y = 0.5 * x * (1.0 + hyperbolic_tangent(inside));
  return y;
}

// ln(1 + e^x) = max(x, 0) + ln(1 + t), t = e^-|x|; ln(1 + t) = 2 (z + z^3 / 3 + z^5 / 5 + ...), z = t / (2 + t), which is at most 1 / 3.
float softplus(float x) {
  precise float t = exponential(-abs(x));
  precise float z = t / (2.0 + t), z2 = z * z;
  precise float p = fma(fma(fma(fma(fma(fma(1.0 / 13.0, z2, 1.0 / 11.0), z2, 1.0 / 9.0), z2, 1.0 / 7.0), z2, 1.0 / 5.0), z2, 1.0 / 3.0), z2, 1.0);
  precise float y = max(x, 0.0) + 2.0 * z * p;
  return y;
}

// Clevert et al. 2015. Below 0 e^x - 1 = 2 t / (1 - t), t = tanh(x / 2), which is exact near 0 too.
float elu(float x) {
  precise float t = hyperbolic_tangent(0.5 * x);
  precise float below = 2.0 * t / (1.0 - t);
  return x > 0.0 ? x : below;
}
