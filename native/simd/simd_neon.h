// Part of simd.h: sixteen floats are four quads.
#pragma once

namespace lt::simd::LT_ISA {

struct f32x16 {
  float32x4_t v[4];
};

#define LT_EACH(expression)                          \
  f32x16 r;                                          \
  for (int i = 0; i < 4; i++) r.v[i] = (expression); \
  return r

LT_INLINE f32x16 zero() { LT_EACH(vdupq_n_f32(0)); }
LT_INLINE f32x16 set1(float x) { LT_EACH(vdupq_n_f32(x)); }
LT_INLINE f32x16 load(const float* p) { LT_EACH(vld1q_f32(p + 4 * i)); }
LT_INLINE f32x16 load(const float* p, int64_t n) {
  if (n >= 16) return load(p);  // a load behind memcpy's stores waits for them
  float padded[16] = {};
  memcpy(padded, p, static_cast<size_t>(n) * 4);
  return load(padded);
}
LT_INLINE void store(float* p, f32x16 a) {
  for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, a.v[i]);
}
LT_INLINE void store(float* p, f32x16 a, int64_t n) {
  float whole[16];
  store(whole, a);
  memcpy(p, whole, static_cast<size_t>(n) * 4);
}

LT_INLINE f32x16 load_f16(const uint16_t* p) { LT_EACH(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i)))); }
LT_INLINE f32x16 load_bf16(const uint16_t* p) { LT_EACH(vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16))); }
LT_INLINE f32x16 load_f16(const uint16_t* p, int64_t n) {
  if (n >= 16) return load_f16(p);
  uint16_t padded[16] = {};
  memcpy(padded, p, static_cast<size_t>(n) * 2);
  return load_f16(padded);
}
LT_INLINE uint32x4_t load_pairs4(const uint16_t* p) { return vreinterpretq_u32_u16(vld1q_u16(p)); }
LT_INLINE f32x16 load_bf16_even(const uint16_t* p) { LT_EACH(vreinterpretq_f32_u32(vshlq_n_u32(load_pairs4(p + 8 * i), 16))); }
LT_INLINE f32x16 load_bf16_odd(const uint16_t* p) {
  LT_EACH(vreinterpretq_f32_u32(vandq_u32(load_pairs4(p + 8 * i), vdupq_n_u32(0xffff0000))));
}
LT_INLINE f32x16 load_i8(const int8_t* p) {
  const int8x16_t b = vld1q_s8(p);
  const int16x8_t lo = vmovl_s8(vget_low_s8(b)), hi = vmovl_s8(vget_high_s8(b));
  return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(lo))),
           vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(hi)))}};
}
LT_INLINE float from_half(uint16_t h) { return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(h))), 0); }
LT_INLINE void store_f16(uint16_t* p, f32x16 a) {
  for (int i = 0; i < 4; i++) vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(a.v[i])));
}

LT_INLINE f32x16 operator+(f32x16 a, f32x16 b) { LT_EACH(vaddq_f32(a.v[i], b.v[i])); }
LT_INLINE f32x16 operator-(f32x16 a, f32x16 b) { LT_EACH(vsubq_f32(a.v[i], b.v[i])); }
LT_INLINE f32x16 operator*(f32x16 a, f32x16 b) { LT_EACH(vmulq_f32(a.v[i], b.v[i])); }
LT_INLINE f32x16 operator/(f32x16 a, f32x16 b) { LT_EACH(vdivq_f32(a.v[i], b.v[i])); }
LT_INLINE f32x16 fma(f32x16 a, f32x16 b, f32x16 c) { LT_EACH(vfmaq_f32(c.v[i], a.v[i], b.v[i])); }
LT_INLINE f32x16 max(f32x16 a, f32x16 b) { LT_EACH(vbslq_f32(vcgtq_f32(a.v[i], b.v[i]), a.v[i], b.v[i])); }
LT_INLINE f32x16 min(f32x16 a, f32x16 b) { LT_EACH(vbslq_f32(vcltq_f32(a.v[i], b.v[i]), a.v[i], b.v[i])); }

LT_INLINE f32x16 zero_where_less(f32x16 a, f32x16 b, f32x16 v) {
  LT_EACH(vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v.v[i]), vcltq_f32(a.v[i], b.v[i]))));
}
LT_INLINE f32x16 where_less(f32x16 a, f32x16 b, f32x16 u, f32x16 v) { LT_EACH(vbslq_f32(vcltq_f32(a.v[i], b.v[i]), u.v[i], v.v[i])); }
LT_INLINE f32x16 round(f32x16 a) { LT_EACH(vrndnq_f32(a.v[i])); }
LT_INLINE f32x16 power_below(f32x16 a) {
  LT_EACH(vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a.v[i]), vdupq_n_u32(0x7f800000))));
}
template <int k>
LT_INLINE f32x16 swap_lanes(f32x16 a) {
  if constexpr (k == 1) {
    LT_EACH(vrev64q_f32(a.v[i]));
  } else if constexpr (k == 2) {
    LT_EACH(vextq_f32(a.v[i], a.v[i], 2));
  } else {
    LT_EACH(a.v[i ^ k / 4]);
  }
}
LT_INLINE f32x16 pick(const float* table, f32x16 index) {
  float lanes[16];
  store(lanes, index);
  for (int i = 0; i < 16; i++) lanes[i] = table[static_cast<int>(lanes[i])];
  return load(lanes);
}
LT_INLINE void store_bytes(uint8_t* p, f32x16 a) {
  uint16x4_t words[4];
  for (int i = 0; i < 4; i++) words[i] = vmovn_u32(vreinterpretq_u32_s32(vcvtnq_s32_f32(a.v[i])));
  vst1q_u8(p, vcombine_u8(vmovn_u16(vcombine_u16(words[0], words[1])), vmovn_u16(vcombine_u16(words[2], words[3]))));
}
LT_INLINE f32x16 keep(f32x16 a, int64_t first, int64_t last, float fill) {
  float lanes[16];
  store(lanes, a);
  for (int64_t i = 0; i < 16; i++) lanes[i] = first <= i && i < last ? lanes[i] : fill;
  return load(lanes);
}
LT_INLINE f32x16 power_of_two(f32x16 t) {
  LT_EACH(vreinterpretq_f32_s32(vaddq_s32(vshlq_n_s32(vreinterpretq_s32_f32(t.v[i]), 23), vdupq_n_s32(127 << 23))));
}
#undef LT_EACH

LT_INLINE float fold_add(f32x16 a) {
  const float32x4_t q = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
  const float32x2_t d = vadd_f32(vget_low_f32(q), vget_high_f32(q));
  return vget_lane_f32(d, 0) + vget_lane_f32(d, 1);
}
LT_INLINE float fold_max(f32x16 a) {
  float lanes[16];
  store(lanes, a);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
  return lanes[0];
}

// Row i becomes column i: four by four, each quad to its place.
LT_INLINE void transpose(f32x16 (&r)[16]) {
  f32x16 turned[16];
  LT_UNROLL for (int i = 0; i < 4; i++) LT_UNROLL for (int j = 0; j < 4; j++) {
    const float32x4x2_t a = vtrnq_f32(r[4 * i].v[j], r[4 * i + 1].v[j]), b = vtrnq_f32(r[4 * i + 2].v[j], r[4 * i + 3].v[j]);
    LT_UNROLL for (int k = 0; k < 2; k++) {
      turned[4 * j + k].v[i] = vcombine_f32(vget_low_f32(a.val[k]), vget_low_f32(b.val[k]));
      turned[4 * j + 2 + k].v[i] = vcombine_f32(vget_high_f32(a.val[k]), vget_high_f32(b.val[k]));
    }
  }
  LT_UNROLL for (int i = 0; i < 16; i++) r[i] = turned[i];
}

}  // namespace lt::simd::LT_ISA
