// Types with minimums on ARM: the headers of four blocks are unpacked as one, and the 32 products of a sub-block are summed before they
// meet its scale, a lane of a vector.
#pragma once
#include <arm_neon.h>

#include <utility>

#include "backend/cpu/kernels/matmul/blocks256.h"

namespace lt::cpu::LT_ISA {

// Of four blocks. f16 d; f16 dmin; u8 scales[12].
struct FourHeaders {
  float4 d, dmin;
  uint8x16_t scales[2], minimums[2];  // of blocks 2 i and 2 i + 1, eight each

  FourHeaders(const uint8_t* w, int64_t block_bytes) {
    bytes x[4];
    for (int i = 0; i < 4; ++i) x[i] = load_bytes(w + i * block_bytes);
    transpose(x);
    const auto halfs = [](uint16x4_t h) { return vcvt_f32_f16(vreinterpret_f16_u16(h)); };
    d = halfs(vmovn_u32(vreinterpretq_u32_u8(x[0]))), dmin = halfs(vshrn_n_u32(vreinterpretq_u32_u8(x[0]), 16));
    // Two bits above the low nibbles.
    const auto last = [](uint8x16_t nibbles, uint8x16_t first) { return vsliq_n_u8(nibbles, vshrq_n_u8(first, 6), 4); };
    const auto join = [](uint8x16_t(&to)[2], uint8x16_t first, uint8x16_t second) {
      const uint32x4_t a = vreinterpretq_u32_u8(first), b = vreinterpretq_u32_u8(second);
      to[0] = vreinterpretq_u8_u32(vzip1q_u32(a, b)), to[1] = vreinterpretq_u8_u32(vzip2q_u32(a, b));
    };
    const uint8x16_t six = vdupq_n_u8(0x3f);
    join(scales, vandq_u8(x[1], six), last(x[3], x[1]));
    join(minimums, vandq_u8(x[2], six), last(vshrq_n_u8(x[3], 4), x[2]));
  }

  // The eight of block i, as int16.
  static int16x8_t of_block(const uint8x16_t (&all)[2], int i) {
    return vreinterpretq_s16_u16(i % 2 ? vmovl_high_u8(all[i / 2]) : vmovl_u8(vget_low_u8(all[i / 2])));
  }
};

template <class C>
struct FourWithMinimums {
  // Sub-blocks 2 j and 2 j + 1.
  template <int j, int T>
  static void two(ints (&s)[T], const uint8_t* w, const bytes (&bits)[2], ints scale, const int8_t* q, int64_t apart) {
    bytes low[2], high[2];
    for (int v = 0; v < 2; ++v) C::template split_two<j>(load_bytes(w + C::code_offset + 32 * j + 16 * v), bits[v], low[v], high[v]);
    q += 64 * j;
    LT_UNROLL
    for (int t = 0; t < T; ++t, q += apart) {
      const ints first = dot(dot(zero_dots(), low[0], load_bytes(q)), low[1], load_bytes(q + 16));
      const ints second = dot(dot(zero_dots(), high[0], load_bytes(q + 32)), high[1], load_bytes(q + 48));
      s[t] = add_scaled_by(add_scaled_by(s[t], first, scale, j * 2 % 4), second, scale, j * 2 % 4 + 1);
      pin(s[t]);
    }
  }

  template <int T>
  static void add(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    const FourHeaders header(w, C::block_bytes);
    const int64_t apart = quads_a_token * int64_t(sizeof(Quad256));
    ints sums[4][T];
    int4 least[4][T];
    LT_UNROLL
    for (int i = 0; i < 4; ++i, w += C::block_bytes) {
      const int16x8_t scales = FourHeaders::of_block(header.scales, i), minimums = FourHeaders::of_block(header.minimums, i);
      const ints scale[2] = {vmovl_s16(vget_low_s16(scales)), vmovl_high_s16(scales)};
      bytes bits[2];
      C::load_bits(bits, w);
      for (int t = 0; t < T; ++t) sums[i][t] = zero_ints();
      [&]<int... j>(std::integer_sequence<int, j...>) {
        (two<j>(sums[i], w, bits, scale[j / 2], x->block[i].q, apart), ...);
      }(std::make_integer_sequence<int, 4>());
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int16x8_t q = vld1q_s16(x[t * quads_a_token].block[i].sum32);
        least[i][t] = vmlal_high_s16(vmull_s16(vget_low_s16(minimums), vget_low_s16(q)), minimums, q);
      }
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      float4 v = mul_float4(header.d, to_float4(sum_each(sums[0][t], sums[1][t], sums[2][t], sums[3][t])));
      v = fnma_float4(header.dmin, to_float4(sum_each(least[0][t], least[1][t], least[2][t], least[3][t])), v);
      acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
