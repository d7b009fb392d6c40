// simd_int.h for ARMv8.2 with the dot product of signed bytes: 4 lanes; i8mm: and with products of 2 x 8 by 8 x 2. Codes of up to 7 bits
// are signed bytes as they are.
#pragma once
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lt::simd::LT_ISA {

constexpr int quads = 1;
constexpr int tile_rows = 4;
constexpr int tile_tokens = 4;
constexpr bool wide_dots = true;
constexpr int offset8 = 0;

using bytes = uint8x16_t;
using ints = int32x4_t;
using floats = float32x4_t;
using dots = int32x4_t;
using int4 = int32x4_t;
using float4 = float32x4_t;

#if defined(__GNUC__)
// Sums in the order in which they are written: the compiler else has all products of a loop wait for one another.
inline void pin(int32x4_t& a) { asm volatile("" : "+w"(a)); }
inline void prefetch(const uint8_t* p) { __builtin_prefetch(p); }
inline void prefetch_far(const uint8_t* p) { __builtin_prefetch(p, 0, 2); }
#else
inline void pin(int32x4_t&) {}
inline void prefetch(const uint8_t*) {}
inline void prefetch_far(const uint8_t*) {}
#endif

inline bytes load_bytes(const void* p) { return vld1q_u8(static_cast<const uint8_t*>(p)); }
inline void store_bytes(void* p, bytes a) { vst1q_u8(static_cast<uint8_t*>(p), a); }
inline bytes load_quad_each(const uint8_t* p, size_t) { return vld1q_u8(p); }
inline bytes load_quad_rows(const uint8_t* const* rows, size_t offset) { return vld1q_u8(rows[0] + offset); }
inline bytes repeat_quad(const void* p) { return load_bytes(p); }
inline bytes repeat_u64s(uint64_t low, uint64_t high) { return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high))); }
inline bytes repeat_u64(uint64_t v) { return vreinterpretq_u8_u64(vdupq_n_u64(v)); }
inline bytes repeat_four(const uint8_t* p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return vreinterpretq_u8_u32(vdupq_n_u32(v));
}
inline bytes splat_byte(int v) { return vdupq_n_u8(uint8_t(v)); }
inline bytes and_bytes(bytes a, bytes b) { return vandq_u8(a, b); }
inline bytes or_bytes(bytes a, bytes b) { return vorrq_u8(a, b); }
template <int n>
inline bytes shr_words(bytes a) {
  return vreinterpretq_u8_u16(vshrq_n_u16(vreinterpretq_u16_u8(a), n));
}
template <int n>
inline bytes shl_words(bytes a) {
  return vreinterpretq_u8_u16(vshlq_n_u16(vreinterpretq_u16_u8(a), n));
}
template <int n>
inline bytes sra_words(bytes a) {
  return vreinterpretq_u8_s16(vshrq_n_s16(vreinterpretq_s16_u8(a), n));
}
inline bytes spread_bits(uint64_t bits) {
  const uint8x8_t low = vdup_n_u8(uint8_t(bits)), high = vdup_n_u8(uint8_t(bits >> 8));
  return vtstq_u8(vcombine_u8(low, high), vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201)));
}
inline bytes mul_words(bytes a, bytes b) { return vreinterpretq_u8_u16(vmulq_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b))); }
inline bytes add_bytes(bytes a, bytes b) { return vaddq_u8(a, b); }
inline bytes negate_where(bytes a, uint64_t bits) {
  const bytes all = spread_bits(bits);
  return vsubq_u8(veorq_u8(a, all), all);
}
inline bytes high_nibbles(bytes a) { return vshrq_n_u8(a, 4); }
// a, which has none of the mask's bits, with those of b.
inline bytes with_bits(bytes a, bytes b, bytes mask) { return vbslq_u8(mask, b, a); }
inline bytes test_bits(bytes a, bytes b) { return vtstq_u8(a, b); }
inline bytes select_bits(bytes mask, bytes on, bytes off) { return vbslq_u8(mask, on, off); }
inline bytes choose(bytes a, bytes bit, bytes on, bytes off) { return vbslq_u8(vtstq_u8(a, bit), on, off); }
inline bytes lower_eights(bytes a, bytes b) { return vreinterpretq_u8_u64(vtrn1q_u64(vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b))); }
inline bytes upper_eights(bytes a, bytes b) { return vreinterpretq_u8_u64(vtrn2q_u64(vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b))); }
inline bytes lookup(bytes table, bytes index) { return vqtbl1q_u8(table, index); }
inline bytes to_dot8(bytes a) { return a; }

inline void transpose(bytes x[4]) {
  const auto low = [](uint32x4_t a, uint32x4_t b) { return vreinterpretq_u64_u32(vtrn1q_u32(a, b)); };
  const auto high = [](uint32x4_t a, uint32x4_t b) { return vreinterpretq_u64_u32(vtrn2q_u32(a, b)); };
  const uint32x4_t x0 = vreinterpretq_u32_u8(x[0]), x1 = vreinterpretq_u32_u8(x[1]);
  const uint32x4_t x2 = vreinterpretq_u32_u8(x[2]), x3 = vreinterpretq_u32_u8(x[3]);
  const uint64x2_t a = low(x0, x1), b = high(x0, x1), c = low(x2, x3), d = high(x2, x3);
  x[0] = vreinterpretq_u8_u64(vtrn1q_u64(a, c)), x[1] = vreinterpretq_u8_u64(vtrn1q_u64(b, d));
  x[2] = vreinterpretq_u8_u64(vtrn2q_u64(a, c)), x[3] = vreinterpretq_u8_u64(vtrn2q_u64(b, d));
}

inline ints as_ints(bytes a) { return vreinterpretq_s32_u8(a); }
inline bytes as_bytes(ints a) { return vreinterpretq_u8_s32(a); }
inline ints load_ints(const void* p) { return as_ints(load_bytes(p)); }
inline void store_ints(void* p, ints a) { store_bytes(p, vreinterpretq_u8_s32(a)); }
inline ints zero_ints() { return vdupq_n_s32(0); }
inline ints splat_int(int32_t v) { return vdupq_n_s32(v); }
inline ints mul_ints(ints a, ints b) { return vmulq_s32(a, b); }
inline ints add_ints(ints a, ints b) { return vaddq_s32(a, b); }
inline ints and_ints(ints a, ints b) { return vandq_s32(a, b); }
inline ints or_ints(ints a, ints b) { return vorrq_s32(a, b); }
template <int n>
inline ints shl_ints(ints a) {
  return vshlq_n_s32(a, n);
}
template <int n>
inline ints shr_ints(ints a) {
  return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), n));
}
template <int n>
inline ints sra_ints(ints a) {
  return vshrq_n_s32(a, n);
}
inline ints dot2(ints acc, ints a, ints b) {
  const int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
  return vaddq_s32(acc, vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y)));
}

inline int32_t dot_start(int offset, int sum, const int8_t*, int) { return -offset * sum; }
inline dots zero_dots() { return vdupq_n_s32(0); }
inline dots start_dots(int32_t start) { return vdupq_n_s32(start); }
inline dots add_dots(dots a, dots b) { return vaddq_s32(a, b); }
inline dots sub_dots(dots a, dots b) { return vsubq_s32(a, b); }
inline dots dot(dots acc, bytes w, bytes a) { return vdotq_s32(acc, vreinterpretq_s8_u8(w), vreinterpretq_s8_u8(a)); }
inline ints sum_dots(dots a) { return a; }
inline ints start_dot8(int32_t) { return vdupq_n_s32(0); }
inline ints dot8(ints acc, bytes w, bytes a) { return dot(acc, w, a); }
inline ints scale_lanes(ints scale) { return scale; }
inline ints add_scaled(ints acc, dots a, ints scale) { return vmlaq_s32(acc, a, scale); }
inline ints add_scaled_quads(ints acc, dots a, dots b, bytes scale) {
  const int16x8_t s = vreinterpretq_s16_u8(scale);
  return vmlaq_s32(vmlaq_s32(acc, a, vmovl_s16(vget_low_s16(s))), b, vmovl_high_s16(s));
}
// Signed bytes, a lane each.
inline void widen_bytes(ints (&to)[4], bytes a) {
  const int8x16_t s = vreinterpretq_s8_u8(a);
  const int16x8_t low = vmovl_s8(vget_low_s8(s)), high = vmovl_high_s8(s);
  to[0] = vmovl_s16(vget_low_s16(low)), to[1] = vmovl_high_s16(low);
  to[2] = vmovl_s16(vget_low_s16(high)), to[3] = vmovl_high_s16(high);
}
// acc += a * lane n of scale.
inline ints add_scaled_by(ints acc, dots a, ints scale, int n) {
  if (n == 0) return vmlaq_laneq_s32(acc, a, scale, 0);
  if (n == 1) return vmlaq_laneq_s32(acc, a, scale, 1);
  if (n == 2) return vmlaq_laneq_s32(acc, a, scale, 2);
  return vmlaq_laneq_s32(acc, a, scale, 3);
}
inline ints dot_i8_i16(ints acc, bytes a, const int16_t* b) {
  const int8x16_t w = vreinterpretq_s8_u8(a);
  const int16x8_t lo = vmovl_s8(vget_low_s8(w)), hi = vmovl_high_s8(w), x = vld1q_s16(b), y = vld1q_s16(b + 8);
  acc = vmlal_high_s16(vmlal_s16(acc, vget_low_s16(lo), vget_low_s16(x)), lo, x);
  return vmlal_high_s16(vmlal_s16(acc, vget_low_s16(hi), vget_low_s16(y)), hi, y);
}

#ifndef LT_ISA_I8MM
// T times four bytes, of which 4 T may be read, and of three times four 16.
template <int T>
inline bytes load_fours(const uint8_t* p) {
  static_assert(T <= 4);
  if constexpr (T == 1) return repeat_four(p);
  if constexpr (T == 2) return vcombine_u8(vld1_u8(p), vdup_n_u8(0));
  return load_bytes(p);
}
// The products with the four bytes of x's dword t.
template <int t>
inline ints dot_with(ints acc, bytes w, bytes x) {
  return vdotq_laneq_s32(acc, vreinterpretq_s8_u8(w), vreinterpretq_s8_u8(x), t);
}
#else
// Of two rows of eight and two tokens of eight: row 0 with both tokens, then row 1.
inline ints dot_pairs(ints acc, bytes rows, bytes tokens) {
  return vmmlaq_s32(acc, vreinterpretq_s8_u8(rows), vreinterpretq_s8_u8(tokens));
}
inline bytes load_eight_twice(const uint8_t* p) {
  return vreinterpretq_u8_u64(vdupq_n_u64(vget_lane_u64(vreinterpret_u64_u8(vld1_u8(p)), 0)));
}
inline ints lower_lanes(ints a, ints b) { return vzip1q_s32(a, b); }  // a0 b0 a1 b1
inline ints upper_lanes(ints a, ints b) { return vzip2q_s32(a, b); }
inline ints even_lanes(ints a, ints b) { return vuzp1q_s32(a, b); }
inline ints odd_lanes(ints a, ints b) { return vuzp2q_s32(a, b); }
#endif

inline int4 sum_each(ints v0, ints v1, ints v2, ints v3) { return vpaddq_s32(vpaddq_s32(v0, v1), vpaddq_s32(v2, v3)); }
inline int4 sum_quads(const ints v[4]) { return sum_each(v[0], v[1], v[2], v[3]); }

inline int4 load_int4(const int32_t* p) { return vld1q_s32(p); }
inline void store_int4(int32_t* p, int4 a) { vst1q_s32(p, a); }
inline int4 zero_int4() { return vdupq_n_s32(0); }
inline int4 add_int4(int4 a, int4 b) { return vaddq_s32(a, b); }
inline int4 sub_int4(int4 a, int4 b) { return vsubq_s32(a, b); }
template <int n>
inline int4 shl_int4(int4 a) {
  return vshlq_n_s32(a, n);
}
inline int4 dot_u8_i16(uint64_t a, const int16_t* b) {
  const int16x8_t w = vreinterpretq_s16_u16(vmovl_u8(vcreate_u8(a))), x = vld1q_s16(b);
  return vmlal_high_s16(vmull_s16(vget_low_s16(w), vget_low_s16(x)), w, x);
}
inline int4 dot_s8_i16(uint64_t a, const int16_t* b) {
  const int16x8_t w = vmovl_s8(vcreate_s8(a)), x = vld1q_s16(b);
  return vmlal_high_s16(vmull_s16(vget_low_s16(w), vget_low_s16(x)), w, x);
}

inline floats load_floats(const float* p) { return vld1q_f32(p); }
inline void store_floats(float* p, floats a) { vst1q_f32(p, a); }
inline floats zero_floats() { return vdupq_n_f32(0); }
inline floats splat_float(float v) { return vdupq_n_f32(v); }
inline floats negate(floats a) { return vnegq_f32(a); }
inline floats add_floats(floats a, floats b) { return vaddq_f32(a, b); }
inline floats mul_floats(floats a, floats b) { return vmulq_f32(a, b); }
inline floats fma_floats(floats a, floats b, floats c) { return vfmaq_f32(c, a, b); }
inline floats to_floats(ints a) { return vcvtq_f32_s32(a); }
inline floats halfs_to_floats(ints a) { return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(vreinterpretq_u32_s32(a)))); }
inline floats load_bf16_wide(const uint16_t* p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
inline floats load_halfs_wide(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }

inline float4 load_float4(const float* p) { return vld1q_f32(p); }
inline float4 zero_float4() { return vdupq_n_f32(0); }
inline float4 mul_float4(float4 a, float4 b) { return vmulq_f32(a, b); }
inline float4 fma_float4(float4 a, float4 b, float4 c) { return vfmaq_f32(c, a, b); }
inline float4 fnma_float4(float4 a, float4 b, float4 c) { return vfmsq_f32(c, a, b); }
inline float4 to_float4(int4 a) { return vcvtq_f32_s32(a); }
inline float4 bf16_to_float4(uint64_t h) { return vreinterpretq_f32_u32(vshll_n_u16(vcreate_u16(h), 16)); }
inline float4 halfs_to_float4(uint64_t h) { return vcvt_f32_f16(vreinterpret_f16_u64(vcreate_u64(h))); }
// (a0 + a1) + (a2 + a3)
inline float fold_chains(float4 a) { return vpadds_f32(vpadd_f32(vget_low_f32(a), vget_high_f32(a))); }

// max(|a|, b); b where a is NaN.
inline floats max_abs(floats a, floats b) {
  const floats m = vabsq_f32(a);
  return vbslq_f32(vcgtq_f32(m, b), m, b);
}
inline float max_lane(floats a) { return vmaxvq_f32(a); }
inline ints round_to_int8(floats a) {
  const floats low = vbslq_f32(vcgtq_f32(a, splat_float(-127)), a, splat_float(-127));
  return vcvtnq_s32_f32(vminq_f32(low, splat_float(127)));
}
inline void store_low_bytes(int8_t* p, ints a) {
  const int16x4_t words = vmovn_s32(a);
  const int8x8_t low = vmovn_s16(vcombine_s16(words, words));
  vst1_lane_s32(reinterpret_cast<int32_t*>(p), vreinterpret_s32_s8(low), 0);
}

}  // namespace lt::simd::LT_ISA
