// simd_int.h in plain C++: what the other ISAs must equal, and what runs where none of them does.
#pragma once
#include <math.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lt::simd::LT_ISA {

constexpr int quads = 2;
constexpr int tile_rows = 1;
constexpr int tile_tokens = 4;
constexpr int offset8 = 0;

// clang-format off
struct bytes { uint8_t v[quads * 16]; };
struct ints { int32_t v[quads * 4]; };
struct floats { float v[quads * 4]; };
struct int4 { int32_t v[4]; };
struct float4 { float v[4]; };
// clang-format on
using dots = ints;

template <class V, class F>
inline V each(F f) {
  V r;
  for (size_t i = 0; i < sizeof(r.v) / sizeof(r.v[0]); ++i) r.v[i] = f(i);
  return r;
}
template <class V>
inline V from_memory(const void* p) {
  V r;
  memcpy(&r, p, sizeof r);
  return r;
}

inline void pin(ints&) {}
inline void prefetch(const uint8_t*) {}
inline void prefetch_far(const uint8_t*) {}

inline float half_to_float(uint16_t h) {
  const uint32_t sign = uint32_t(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  uint32_t bits = sign;
  if (exponent == 31) {
    bits |= 0x7f800000 | fraction << 13 | (fraction ? 0x400000 : 0);
  } else if (exponent) {
    bits |= (exponent + 112) << 23 | fraction << 13;
  } else {
    const float small = float(fraction) * 0x1p-24f;
    uint32_t small_bits;
    memcpy(&small_bits, &small, 4);
    bits |= small_bits;
  }
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

inline int4 load_int4(const int32_t* p) { return from_memory<int4>(p); }
inline void store_int4(int32_t* p, int4 a) { memcpy(p, &a, sizeof a); }
inline int4 zero_int4() { return {}; }
inline int4 add_int4(int4 a, int4 b) {
  return each<int4>([&](size_t i) { return a.v[i] + b.v[i]; });
}
template <int n>
inline int4 shl_int4(int4 a) {
  return each<int4>([&](size_t i) { return int32_t(uint32_t(a.v[i]) << n); });
}
inline float4 load_float4(const float* p) { return from_memory<float4>(p); }
inline float4 zero_float4() { return {}; }
inline float4 mul_float4(float4 a, float4 b) {
  return each<float4>([&](size_t i) { return a.v[i] * b.v[i]; });
}
inline float4 fma_float4(float4 a, float4 b, float4 c) {
  return each<float4>([&](size_t i) { return fmaf(a.v[i], b.v[i], c.v[i]); });
}
inline float4 fnma_float4(float4 a, float4 b, float4 c) {
  return each<float4>([&](size_t i) { return fmaf(-a.v[i], b.v[i], c.v[i]); });
}
inline float4 to_float4(int4 a) {
  return each<float4>([&](size_t i) { return float(a.v[i]); });
}
inline float4 halfs_to_float4(uint64_t h) {
  return each<float4>([&](size_t i) { return half_to_float(uint16_t(h >> 16 * i)); });
}
inline float fold_chains(float4 a) { return (a.v[0] + a.v[1]) + (a.v[2] + a.v[3]); }
inline int4 dot_u8_i16(uint64_t a, const int16_t* b) {
  return each<int4>([&](size_t i) { return int32_t(a >> 16 * i & 255) * b[2 * i] + int32_t(a >> (16 * i + 8) & 255) * b[2 * i + 1]; });
}
template <class V>
inline int32_t sum_lanes(V a) {
  int32_t s = 0;
  for (const int32_t lane : a.v) s += lane;
  return s;
}
template <class V>
inline int4 sum_each(V v0, V v1, V v2, V v3) {
  return {sum_lanes(v0), sum_lanes(v1), sum_lanes(v2), sum_lanes(v3)};
}
inline int4 sum_quads(const ints* v) {
  return each<int4>([&](size_t i) {
    const int32_t* q = v[i / quads].v + i % quads * 4;
    return q[0] + q[1] + q[2] + q[3];
  });
}

inline bytes load_bytes(const void* p) { return from_memory<bytes>(p); }
inline void store_bytes(void* p, bytes a) { memcpy(p, &a, sizeof a); }
inline bytes load_quad_each(const uint8_t* p, size_t stride) {
  bytes r;
  for (int q = 0; q < quads; ++q) memcpy(r.v + 16 * q, p + q * stride, 16);
  return r;
}
inline bytes load_quad_rows(const uint8_t* const* rows, size_t offset) {
  bytes r;
  for (int q = 0; q < quads; ++q) memcpy(r.v + 16 * q, rows[4 * q] + offset, 16);
  return r;
}
inline bytes repeat_quad(const void* p) { return load_quad_each(static_cast<const uint8_t*>(p), 0); }
inline bytes repeat_u64(uint64_t v) {
  return each<bytes>([&](size_t i) { return uint8_t(v >> i % 8 * 8); });
}
inline bytes repeat_four(const uint8_t* p) {
  return each<bytes>([&](size_t i) { return p[i % 4]; });
}
inline bytes splat_byte(int v) {
  return each<bytes>([&](size_t) { return uint8_t(v); });
}
inline bytes and_bytes(bytes a, bytes b) {
  return each<bytes>([&](size_t i) { return uint8_t(a.v[i] & b.v[i]); });
}
inline bytes or_bytes(bytes a, bytes b) {
  return each<bytes>([&](size_t i) { return uint8_t(a.v[i] | b.v[i]); });
}
template <class F>
inline bytes each_word(bytes a, F f) {
  bytes r;
  for (size_t i = 0; i < sizeof a; i += 2) {
    uint16_t w;
    memcpy(&w, a.v + i, 2);
    w = uint16_t(f(w));
    memcpy(r.v + i, &w, 2);
  }
  return r;
}
template <int n>
inline bytes shr_words(bytes a) {
  return each_word(a, [](uint16_t w) { return w >> n; });
}
template <int n>
inline bytes shl_words(bytes a) {
  return each_word(a, [](uint16_t w) { return w << n; });
}
template <int n>
inline bytes sra_words(bytes a) {
  return each_word(a, [](uint16_t w) { return int16_t(w) >> n; });
}
inline bytes lookup(bytes table, bytes index) {
  return each<bytes>([&](size_t i) { return index.v[i] & 128 ? uint8_t(0) : table.v[i / 16 * 16 + index.v[i] % 16]; });
}
inline bytes to_dot8(bytes a) { return a; }
inline void transpose(bytes x[4]) {
  bytes y[4];
  for (int q = 0; q < quads; ++q)
    for (int i = 0; i < 16; ++i) memcpy(y[i % 4].v + 16 * q + i / 4 * 4, x[i / 4].v + 16 * q + i % 4 * 4, 4);
  memcpy(x, y, sizeof y);
}

inline ints as_ints(bytes a) { return from_memory<ints>(&a); }
inline ints load_ints(const void* p) { return from_memory<ints>(p); }
inline void store_ints(void* p, ints a) { memcpy(p, &a, sizeof a); }
inline ints zero_ints() { return {}; }
inline ints splat_int(int32_t v) {
  return each<ints>([&](size_t) { return v; });
}
inline ints add_ints(ints a, ints b) {
  return each<ints>([&](size_t i) { return a.v[i] + b.v[i]; });
}
inline ints and_ints(ints a, ints b) {
  return each<ints>([&](size_t i) { return a.v[i] & b.v[i]; });
}
inline ints or_ints(ints a, ints b) {
  return each<ints>([&](size_t i) { return a.v[i] | b.v[i]; });
}
template <int n>
inline ints shl_ints(ints a) {
  return each<ints>([&](size_t i) { return int32_t(uint32_t(a.v[i]) << n); });
}
template <int n>
inline ints shr_ints(ints a) {
  return each<ints>([&](size_t i) { return int32_t(uint32_t(a.v[i]) >> n); });
}
template <int n>
inline ints sra_ints(ints a) {
  return each<ints>([&](size_t i) { return a.v[i] >> n; });
}
inline ints dot2(ints acc, ints a, ints b) {
  return each<ints>([&](size_t i) { return acc.v[i] + int16_t(a.v[i]) * int16_t(b.v[i]) + (a.v[i] >> 16) * (b.v[i] >> 16); });
}

inline int32_t dot_start(int offset, int sum, const int8_t*, int) { return -offset * sum; }
inline dots zero_dots() { return {}; }
inline dots start_dots(int32_t start) { return splat_int(start); }
inline dots add_dots(dots a, dots b) { return add_ints(a, b); }
inline dots dot(dots acc, bytes w, bytes a) {
  for (size_t i = 0; i < sizeof w; ++i) acc.v[i / 4] += int32_t(w.v[i]) * int8_t(a.v[i]);
  return acc;
}
inline ints sum_dots(dots a) { return a; }
inline ints start_dot8(int32_t) { return {}; }
inline ints dot8(ints acc, bytes w, bytes a) {
  for (size_t i = 0; i < sizeof w; ++i) acc.v[i / 4] += int32_t(int8_t(w.v[i])) * int8_t(a.v[i]);
  return acc;
}
inline ints scale_lanes(ints scale) { return scale; }
inline ints add_scaled(ints acc, dots a, ints scale) {
  return each<ints>([&](size_t i) { return acc.v[i] + a.v[i] * scale.v[i]; });
}
inline ints add_scaled_quads(ints acc, dots a, dots b, bytes scale) {
  int16_t s[quads * 8];
  memcpy(s, &scale, sizeof s);
  return each<ints>([&](size_t i) {
    const int16_t* quad = s + i / 4 * 8;
    return acc.v[i] + a.v[i] * quad[i % 4] + b.v[i] * quad[4 + i % 4];
  });
}
inline ints dot_i8_i16(ints acc, const uint8_t* a, const int16_t* b) {
  for (int i = 0; i < 16; ++i) acc.v[0] += int8_t(a[i]) * b[i];
  return acc;
}

inline floats load_floats(const float* p) { return from_memory<floats>(p); }
inline void store_floats(float* p, floats a) { memcpy(p, &a, sizeof a); }
inline floats zero_floats() { return {}; }
inline floats splat_float(float v) {
  return each<floats>([&](size_t) { return v; });
}
inline floats negate(floats a) {
  return each<floats>([&](size_t i) { return -a.v[i]; });
}
inline floats add_floats(floats a, floats b) {
  return each<floats>([&](size_t i) { return a.v[i] + b.v[i]; });
}
inline floats mul_floats(floats a, floats b) {
  return each<floats>([&](size_t i) { return a.v[i] * b.v[i]; });
}
inline floats fma_floats(floats a, floats b, floats c) {
  return each<floats>([&](size_t i) { return fmaf(a.v[i], b.v[i], c.v[i]); });
}
inline floats to_floats(ints a) {
  return each<floats>([&](size_t i) { return float(a.v[i]); });
}
inline floats halfs_to_floats(ints a) {
  return each<floats>([&](size_t i) { return half_to_float(uint16_t(a.v[i])); });
}
inline floats load_halfs_wide(const uint16_t* p) {
  return each<floats>([&](size_t i) { return half_to_float(p[i]); });
}

inline floats max_abs(floats a, floats b) {
  return each<floats>([&](size_t i) { return fabsf(a.v[i]) > b.v[i] ? fabsf(a.v[i]) : b.v[i]; });
}
inline float max_lane(floats a) {
  float m = a.v[0];
  for (const float lane : a.v) m = lane > m ? lane : m;
  return m;
}
inline ints round_to_int8(floats a) {
  return each<ints>([&](size_t i) {
    const float low = a.v[i] > -127 ? a.v[i] : -127;
    return int32_t(nearbyintf(low < 127 ? low : 127));
  });
}
inline void store_low_bytes(int8_t* p, ints a) {
  for (const int32_t lane : a.v) *p++ = int8_t(lane);
}

}  // namespace lt::simd::LT_ISA
