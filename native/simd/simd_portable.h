// Part of simd.h: sixteen floats are an array, for any CPU and as the statement of what the other ISAs must give.
#pragma once

namespace lt::simd::LT_ISA {

struct f32x16 {
  float v[16];
};

#define LT_EACH(expression)                           \
  f32x16 r;                                           \
  for (int i = 0; i < 16; i++) r.v[i] = (expression); \
  return r

LT_INLINE float from_bits(uint32_t u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
LT_INLINE uint32_t to_bits(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}
// IEEE 754 binary16. The subnormals' exponent is fixed by a subtraction: 0.5 + m 2^-24 - 0.5.
LT_INLINE float from_half(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023;
  if (exponent == 0) {
    const float m = from_bits(0x3f000000u | mantissa) - 0.5f;
    return from_bits(to_bits(m) | sign);
  }
  const uint32_t e = exponent == 31 ? 255 : exponent + 112;
  return from_bits(sign | e << 23 | mantissa << 13 | (exponent == 31 && mantissa ? 0x400000u : 0));
}
// To nearest, ties to even; the rounding of subnormals is that of adding 0.5.
LT_INLINE uint16_t to_half(float f) {
  const uint32_t u = to_bits(f), sign = u >> 16 & 0x8000, a = u & 0x7fffffff;
  if (a > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | (a >> 13 & 0x3ff));
  if (a >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  if (a < 0x38800000) return static_cast<uint16_t>(sign | (to_bits(from_bits(a) + 0.5f) - 0x3f000000u));
  return static_cast<uint16_t>(sign | (a - 0x38000000u + 0xfff + (a >> 13 & 1)) >> 13);
}

LT_INLINE f32x16 zero() { LT_EACH(0.0f); }
LT_INLINE f32x16 set1(float x) { LT_EACH(x); }
LT_INLINE f32x16 load(const float* p) { LT_EACH(p[i]); }
LT_INLINE f32x16 load(const float* p, int64_t n) { LT_EACH(i < n ? p[i] : 0.0f); }
LT_INLINE void store(float* p, f32x16 a) { memcpy(p, a.v, 64); }
LT_INLINE void store(float* p, f32x16 a, int64_t n) { memcpy(p, a.v, static_cast<size_t>(n) * 4); }

LT_INLINE f32x16 load_f16(const uint16_t* p) { LT_EACH(from_half(p[i])); }
LT_INLINE f32x16 load_f16(const uint16_t* p, int64_t n) { LT_EACH(i < n ? from_half(p[i]) : 0.0f); }
LT_INLINE f32x16 load_bf16(const uint16_t* p) { LT_EACH(from_bits(static_cast<uint32_t>(p[i]) << 16)); }
LT_INLINE f32x16 load_bf16(const uint16_t* p, int64_t n) { LT_EACH(i < n ? from_bits(static_cast<uint32_t>(p[i]) << 16) : 0.0f); }
LT_INLINE f32x16 load_i8(const int8_t* p) { LT_EACH(static_cast<float>(p[i])); }
LT_INLINE void store_f16(uint16_t* p, f32x16 a) {
  for (int i = 0; i < 16; i++) p[i] = to_half(a.v[i]);
}

LT_INLINE f32x16 operator+(f32x16 a, f32x16 b) { LT_EACH(a.v[i] + b.v[i]); }
LT_INLINE f32x16 operator-(f32x16 a, f32x16 b) { LT_EACH(a.v[i] - b.v[i]); }
LT_INLINE f32x16 operator*(f32x16 a, f32x16 b) { LT_EACH(a.v[i] * b.v[i]); }
LT_INLINE f32x16 operator/(f32x16 a, f32x16 b) { LT_EACH(a.v[i] / b.v[i]); }
LT_INLINE f32x16 fma(f32x16 a, f32x16 b, f32x16 c) { LT_EACH(::fmaf(a.v[i], b.v[i], c.v[i])); }
LT_INLINE f32x16 max(f32x16 a, f32x16 b) { LT_EACH(a.v[i] > b.v[i] ? a.v[i] : b.v[i]); }
LT_INLINE f32x16 min(f32x16 a, f32x16 b) { LT_EACH(a.v[i] < b.v[i] ? a.v[i] : b.v[i]); }

LT_INLINE f32x16 zero_where_less(f32x16 a, f32x16 b, f32x16 v) { LT_EACH(a.v[i] < b.v[i] ? 0.0f : v.v[i]); }
LT_INLINE f32x16 where_less(f32x16 a, f32x16 b, f32x16 u, f32x16 v) { LT_EACH(a.v[i] < b.v[i] ? u.v[i] : v.v[i]); }
// Adding 1.5 * 2^23 rounds to a whole number; the sign of a zero is kept.
LT_INLINE float round_one(float a) {
  const float shifted = a + 12582912.0f;
  return from_bits((to_bits(shifted - 12582912.0f) & 0x7fffffffu) | (to_bits(a) & 0x80000000u));
}
LT_INLINE f32x16 round(f32x16 a) { LT_EACH(round_one(a.v[i])); }
LT_INLINE f32x16 power_below(f32x16 a) { LT_EACH(from_bits(to_bits(a.v[i]) & 0x7f800000u)); }
template <int k>
LT_INLINE f32x16 swap_lanes(f32x16 a) {
  LT_EACH(a.v[i ^ k]);
}
LT_INLINE f32x16 pick(const float* table, f32x16 index) { LT_EACH(table[static_cast<int>(index.v[i])]); }
LT_INLINE void store_bytes(uint8_t* p, f32x16 a) {
  for (int i = 0; i < 16; i++) p[i] = static_cast<uint8_t>(static_cast<int32_t>(a.v[i]));
}
LT_INLINE f32x16 keep(f32x16 a, int64_t first, int64_t last, float fill) { LT_EACH(first <= i && i < last ? a.v[i] : fill); }
LT_INLINE f32x16 power_of_two(f32x16 t) { LT_EACH(from_bits((to_bits(t.v[i]) << 23) + (127u << 23))); }
#undef LT_EACH

LT_INLINE float fold_add(f32x16 a) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) a.v[i] = a.v[i] + a.v[i + half];
  return a.v[0];
}
LT_INLINE float fold_max(f32x16 a) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) a.v[i] = a.v[i] > a.v[i + half] ? a.v[i] : a.v[i + half];
  return a.v[0];
}

// Row i becomes column i.
LT_INLINE void transpose(f32x16 (&r)[16]) {
  float rows[16][16], turned[16][16];
  for (int i = 0; i < 16; i++) store(rows[i], r[i]);
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) turned[i][j] = rows[j][i];
  for (int i = 0; i < 16; i++) r[i] = load(turned[i]);
}

}  // namespace lt::simd::LT_ISA
