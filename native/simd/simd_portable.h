// Part of simd.h: sixteen floats are an array, for any CPU and as the statement of what the other ISAs must give. Loops over all
// sixteen without a call or a branch inside: compilers make vectors of them on any CPU that has some.
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
// less where x < y, else other: a mask, since compilers may make a branch of a question mark.
LT_INLINE uint32_t choose(int32_t x, int32_t y, uint32_t less, uint32_t other) {
  const uint32_t mask = static_cast<uint32_t>((x - y) >> 31);
  return (less & mask) | (other & ~mask);
}
// IEEE 754 binary16. The subnormals' exponent is fixed by a subtraction: 0.5 + m 2^-24 - 0.5.
LT_INLINE float from_half(uint16_t h) {
  const int32_t size = h & 0x7fff;
  const uint32_t normal = static_cast<uint32_t>(size << 13) + (112u << 23);
  const uint32_t special = (normal + (112u << 23)) | (choose(0x7c00, size, 1, 0) << 22);  // a NaN becomes a quiet one
  const uint32_t small = to_bits(from_bits(0x3f000000u | static_cast<uint32_t>(size)) - 0.5f);
  const uint32_t bits = choose(size, 0x400, small, choose(size, 0x7c00, normal, special));
  return from_bits(bits | static_cast<uint32_t>(h & 0x8000) << 16);
}
// To nearest, ties to even; the rounding of subnormals is that of adding 0.5.
LT_INLINE uint16_t to_half(float f) {
  const uint32_t u = to_bits(f), sign = u >> 16 & 0x8000;
  const int32_t size = static_cast<int32_t>(u & 0x7fffffff);
  const uint32_t normal = static_cast<uint32_t>((size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13);
  const uint32_t small = to_bits(from_bits(u & 0x7fffffff) + 0.5f) - 0x3f000000u;
  const uint32_t special = choose(0x7f800000, size, 0x7e00 | (size >> 13 & 0x3ff), 0x7c00);
  return static_cast<uint16_t>(sign | choose(size, 0x38800000, small, choose(size, 0x477ff000, normal, special)));
}

LT_INLINE f32x16 zero() { LT_EACH(0.0f); }
LT_INLINE f32x16 set1(float x) { LT_EACH(x); }
LT_INLINE f32x16 load(const float* p) { LT_EACH(p[i]); }
LT_INLINE f32x16 load(const float* p, int64_t n) {
  if (n >= 16) return load(p);
  LT_EACH(i < n ? p[i] : 0.0f);
}
LT_INLINE void store(float* p, f32x16 a) { memcpy(p, a.v, 64); }
LT_INLINE void store(float* p, f32x16 a, int64_t n) { memcpy(p, a.v, static_cast<size_t>(n) * 4); }

LT_INLINE f32x16 load_f16(const uint16_t* p) { LT_EACH(from_half(p[i])); }
LT_INLINE f32x16 load_f16(const uint16_t* p, int64_t n) {
  if (n >= 16) return load_f16(p);
  LT_EACH(i < n ? from_half(p[i]) : 0.0f);
}
LT_INLINE f32x16 load_bf16(const uint16_t* p) { LT_EACH(from_bits(static_cast<uint32_t>(p[i]) << 16)); }
LT_INLINE f32x16 load_bf16_even(const uint16_t* p) { LT_EACH(from_bits(static_cast<uint32_t>(p[2 * i]) << 16)); }
LT_INLINE f32x16 load_bf16_odd(const uint16_t* p) { LT_EACH(from_bits(static_cast<uint32_t>(p[2 * i + 1]) << 16)); }
LT_INLINE f32x16 load_i8(const int8_t* p) { LT_EACH(static_cast<float>(p[i])); }
LT_INLINE void store_f16(uint16_t* p, f32x16 a) {
  for (int i = 0; i < 16; i++) p[i] = to_half(a.v[i]);
}

LT_INLINE f32x16 operator+(f32x16 a, f32x16 b) { LT_EACH(a.v[i] + b.v[i]); }
LT_INLINE f32x16 operator-(f32x16 a, f32x16 b) { LT_EACH(a.v[i] - b.v[i]); }
LT_INLINE f32x16 operator*(f32x16 a, f32x16 b) { LT_EACH(a.v[i] * b.v[i]); }
LT_INLINE f32x16 operator/(f32x16 a, f32x16 b) { LT_EACH(a.v[i] / b.v[i]); }
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

#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__aarch64__) || defined(_M_ARM64)
LT_INLINE f32x16 fma(const f32x16& a, const f32x16& b, const f32x16& c) {
  f32x16 r;
  for (int i = 0; i < 16; i++) r.v[i] = ::fmaf(a.v[i], b.v[i], c.v[i]);
  return r;
}
#else
// Without the instruction, fmaf is a call, and a slow one on CPUs that lack it. Instead: the product of two floats is exact as a
// double, the sum is rounded to 53 bits, then to a float's 24. Two roundings are one, but for two cases: the first ends halfway
// between two floats, so that what it dropped should have decided; or the float is subnormal, where halfway lies at other bits. Both
// are seen by bits and done again. Where the float is zero, the sum in double was exact: below 2^-149 nothing of it is dropped.
LT_NOINLINE void fma_again(f32x16& r, const f32x16& a, const f32x16& b, const f32x16& c) {
  for (int i = 0; i < 16; i++) {
    const double p = static_cast<double>(a.v[i]) * static_cast<double>(b.v[i]), z = static_cast<double>(c.v[i]), s = p + z;
    const double t = s - p, dropped = (p - (s - t)) + (z - t);  // s + dropped is the sum (Knuth), if s is finite
    uint64_t bits, sign;
    memcpy(&bits, &s, 8), memcpy(&sign, &dropped, 8);
    // Round to odd (Boldo and Melquiond, 2008): a sum that lies between two doubles becomes the odd one, which is never halfway.
    const uint64_t size = sign << 1, between = (size | (0 - size)) >> 63, endless = ((bits >> 52 & 0x7ff) + 1) >> 11;
    const uint64_t step = between & ~endless & ~bits & 1;
    const uint64_t down = 0 - ((bits ^ sign) >> 63);
    bits += (step ^ down) - down;
    double odd;
    memcpy(&odd, &bits, 8);
    r.v[i] = static_cast<float>(odd);
  }
}
LT_INLINE f32x16 fma(const f32x16& a, const f32x16& b, const f32x16& c) {
  f32x16 r;
  uint64_t halfway = 0;  // the highest bit of each: whether one is
  uint32_t small = 0;
  for (int i = 0; i < 16; i++) {
    const double s = static_cast<double>(a.v[i]) * static_cast<double>(b.v[i]) + static_cast<double>(c.v[i]);
    const float rounded = static_cast<float>(s);
    uint64_t wide;
    uint32_t narrow;
    memcpy(&wide, &s, 8), memcpy(&narrow, &rounded, 4);
    halfway |= ((wide & 0x1fffffff) ^ 0x10000000) - 1;
    // From the least subnormal number up to the least normal one, to which another may have been rounded.
    const uint32_t size = narrow & 0x7fffffff;
    small |= (size - 0x00800001) & ~(size - 1);
    r.v[i] = rounded;
  }
  if ((halfway | static_cast<uint64_t>(small) << 32) >> 63) fma_again(r, a, b, c);
  return r;
}
#endif

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
