// e^x = 2^n e^r with |r| <= ln 2 / 2, by its series to r^7; 0 below -87, at most e^88.
float exponential(float given) {
  const float x = clamp(given, -87.0, 88.0);
  const float n = floor(fma(x, 1.44269504, 0.5));
  precise float r = fma(n, -0.693359375, x);  // ln 2 in two parts, the first exact in a product with n
  r = fma(n, 2.12194440e-4, r);
  precise float p = 1.0 / 5040.0;
  p = fma(p, r, 1.0 / 720.0);
  p = fma(p, r, 1.0 / 120.0);
  p = fma(p, r, 1.0 / 24.0);
  p = fma(p, r, 1.0 / 6.0);
  p = fma(p, r, 0.5);
  p = fma(p, r, 1.0);
  p = fma(p, r, 1.0);
  precise float y = p * uintBitsToFloat(uint(int(n) + 127) << 23);
  return given < -87.0 ? 0.0 : y;
}
