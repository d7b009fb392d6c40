// Types whose blocks are decoded into bytes (books.h) before they are multiplied.
#pragma once
#include "backend/cpu/kernels/matmul/books.h"
#ifdef LT_ISA_AVX512
#include "backend/cpu/kernels/matmul/books_avx512.h"
#endif
#if defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
#include "backend/cpu/kernels/matmul/books_avx2.h"
#endif
#include "backend/cpu/kernels/matmul/sixteen_scales.h"

namespace lt::cpu::LT_ISA {

#ifdef LT_ISA_AVX512
constexpr bool shifts_early = true;  // codes that are to be shifted are so when they are decoded
#else
constexpr bool shifts_early = false;
template <int N, class C>
inline void decode_all(C, DecodedBlock (&to)[N], const uint8_t* w) {
  for (int i = 0; i < N; i++) C::decode(to[i], w + i * C::block_bytes);
}
#endif

template <class C>
struct DecodedFirst {
  using Record = Record256<DecodedFirst>;
  static constexpr int block_bytes = C::block_bytes, sub_blocks = C::sub_blocks, steps = 64 / sub_blocks;
  static constexpr int offset = C::largest < 16 ? 32 : wide_dots ? 128 : 64, unpack_calls = lanes;
  static constexpr uint16_t factor = C::factor;
  static constexpr bool has_min = false, folded = false;

  static uint16_t d_of(const uint8_t* w) { return C::d_of(w); }

  static constexpr bool shifted = C::codes == Codes::shifted && !shifts_early;

  // Blocks beside one another. Out of line: many copies would not fit the cache of instructions.
  template <int N>
  LT_OUTLINED static void decode(DecodedBlock (&to)[N], const uint8_t* w) {
    decode_all(C(), to, w);
  }

  // The sign bits of the vector of codes from value i on.
  static uint64_t signs(const DecodedBlock& block, int i) {
    uint64_t bits = 0;
    memcpy(&bits, block.signs + i / 8, vector_bytes / 8);
    return bits;
  }

  static bytes codes(const DecodedBlock& block, int i) {
    const bytes v = load_bytes(block.codes + i);
    if constexpr (shifted) return add_bytes(v, and_bytes(spread_bits(signs(block, i)), splat_byte(2)));
    return v;
  }

  // Inputs take the signs of the codes, so that products of four are int16: the greatest is 4 * 62 * 127. Codes plus 32 are taken back.
  template <int T>
  static void one(const DecodedBlock& block, const Block256* x, int64_t apart, ints (*s)[4], int i) {
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    const bytes table = repeat_quad(block.scales);
#ifdef LT_ISA_NEON
    const SixteenLanes lane(table);
#endif
    for (int t = 0; t < T; ++t)
      s[t][i] = C::codes == Codes::sizes ? zero_ints() : shl_ints<5>(dot_i8_i16(zero_ints(), table, token(t)->negative_sum16));
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      const int first = j / vectors_64 * 128 + j % vectors_64 * vector_bytes, second = first + 64;
      const bytes low = codes(block, first), high = codes(block, second);
#ifndef LT_ISA_NEON
      const bytes scale = lookup(table, load_bytes(&expand_sizes[0][0] + j * vector_bytes));
#endif
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        bytes a = load_bytes(token(t)->q + first), b = load_bytes(token(t)->q + second);
        if constexpr (C::codes == Codes::sizes) a = negate_where(a, signs(block, first)), b = negate_where(b, signs(block, second));
        const dots lo = dot(zero_dots(), low, a), hi = dot(zero_dots(), high, b);
#ifdef LT_ISA_NEON
        s[t][i] = lane.add(s[t][i], lo, hi, j);
#else
        s[t][i] = add_scaled_quads(s[t][i], lo, hi, scale);
#endif
      }
    }
  }

  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
#if defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
    if constexpr (looked_up<C>) return add_blocks<DecodedFirst, N, T>(acc, w, x, quads_a_token, look_up<C, T>);
#endif
    DecodedBlock decoded[N];  // all of them before the first is read: a vector has to wait until what is in it was written piece by piece
    decode(decoded, w);
    add_blocks<DecodedFirst, N, T>(acc, w, x, quads_a_token, [&](const uint8_t*, const Block256* to, int64_t apart, ints(*s)[4], int i) {
      one<T>(decoded[i], to, apart, s, i);
    });
  }

  static void unpack_scales(uint8_t* record, const uint8_t* const* scales, int r) {
    bytes x[4];
    load_columns(x, scales, 0);
    const auto put = [&](int sixteen, ints s) {
      if (sixteen % (16 / sub_blocks)) return;
      const ints scale = and_ints(s, splat_int(255));
      store_ints(Record::scale(record, sixteen / (16 / sub_blocks), r), offset == 128 ? scale : scale_lanes(scale));
    };
    for (int i = 0; i < 4; ++i) {
      const ints s = as_ints(x[i]);
      put(4 * i, s);
      put(4 * i + 1, shr_ints<8>(s));
      put(4 * i + 2, shr_ints<16>(s));
      put(4 * i + 3, shr_ints<24>(s));
    }
  }

  // Codes as a record has them.
  static void finish(DecodedBlock& block) {
    if constexpr (C::codes != Codes::sizes && !shifted) return;
    for (int i = 0; i < 256; i += vector_bytes) {
      bytes v = codes(block, i);
      if constexpr (C::codes == Codes::sizes) v = negate_where(v, signs(block, i));
      if constexpr (C::codes == Codes::sizes) v = offset == 128 ? to_dot8(v) : add_bytes(v, splat_byte(offset));
      store_bytes(block.codes + i, v);
    }
  }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    DecodedBlock block[lanes][1];
    const uint8_t *code[lanes], *scale[lanes];
    alignas(64) uint16_t d[lanes];
    for (int i = 0; i < lanes; ++i) {
      ahead.next();
      const uint8_t* w = rows[i] + offset_in_row;
      decode(block[i], w);
      finish(block[i][0]);
      code[i] = block[i]->codes, scale[i] = block[i]->scales, d[i] = C::d_of(w);
    }
    unpack_scales(record, scale, r);
    const floats one = load_halfs_wide(d), factor_of_all = splat_float(factor == 0x3000 ? 0.125f : factor == 0x3400 ? 0.25f : 1.0f);
    store_floats(reinterpret_cast<float*>(record + (Record::d + r) * vector_bytes), mul_floats(one, factor_of_all));
    for (int c = 0; c < 16; ++c) {
      bytes x[4];
      load_columns(x, code, size_t(c) * 16);
      for (int k = 0; k < 4; ++k) store_bytes(Record::codes(record, c * 4 / steps, c * 4 % steps + k, r), x[k]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
