// Q3_K and Q6_K: sixteen sub-blocks of 16 with a signed scale each, codes less 2^less.
//
// C gives: block_bytes, of which the last two are d, a half; less; columns, 16 bytes each, that place() loads; and
//   scales(w)                                  the sixteen scales, a byte each, in every quad
//   split(w, half, v, low, high)               codes of 128 values: vector v of those from 0 and from 64 on
//   unpack_scales(rows, offset, put)           put(j, scale) for each sub-block, of the block at offset in each row
//   place(rows, offset, half, c, put)          put(n, k, codes): four columns of sub-block 8 half + 2 n + c, from 4 k on, less 32
#pragma once
#include "backend/cpu/kernels/matmul/blocks256.h"

namespace lt::cpu::LT_ISA {

// The scales of 128 values as int16: in quad i, four times that of values 16 i and four times that of 64 + 16 i.
#define LT_QUAD(pair, a, b) pair(a), pair(a), pair(a), pair(a), pair(b), pair(b), pair(b), pair(b)
#define LT_EIGHT(pair, a) LT_QUAD(pair, a, a + 4), LT_QUAD(pair, a + 1, a + 5), LT_QUAD(pair, a + 2, a + 6), LT_QUAD(pair, a + 3, a + 7)
#define LT_HIGH(s) 255, s
#define LT_LOW(s) s, 255
[[maybe_unused]] alignas(64) constexpr uint8_t expand_scales[2][64] = {{LT_EIGHT(LT_HIGH, 0)},
                                                                       {LT_EIGHT(LT_HIGH, 8)}};  // signed ones, to be shifted down
[[maybe_unused]] alignas(64) constexpr uint8_t expand_sizes[2][64] = {{LT_EIGHT(LT_LOW, 0)}, {LT_EIGHT(LT_LOW, 8)}};  // others

#ifdef LT_ISA_NEON
// The scales of a block, a lane each, and what they make of the products j of 128 values: of the sixteen from 16 j and from 64 + 16 j on.
struct SixteenLanes {
  ints scale[4];

  explicit SixteenLanes(bytes table) { widen_bytes(scale, table); }
  ints add(ints s, dots low, dots high, int j) const {
    s = add_scaled_by(add_scaled_by(s, low, scale[j / 4 * 2], j % 4), high, scale[j / 4 * 2 + 1], j % 4);
    pin(s);
    return s;
  }
};
#endif

template <class C>
struct SixteenScales {
  using Record = Record256<SixteenScales>;
  static constexpr int block_bytes = C::block_bytes, sub_blocks = 16, steps = 4, offset = 32, unpack_calls = 4 * C::columns;
  static constexpr uint16_t factor = 0x3c00;
  static constexpr bool has_min = false, folded = false;

  // Of block i and T tokens, `apart` bytes from one to the next: s[t][i] = sum scale * (code . q) - 2^less * sum scale * (sum of q).
  template <int T>
  static void one(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], int i) {
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    const bytes table = C::scales(w);
#ifdef LT_ISA_NEON
    const SixteenLanes lane(table);
#endif
    for (int t = 0; t < T; ++t) s[t][i] = shl_ints<C::less>(dot_i8_i16(zero_ints(), table, token(t)->negative_sum16));
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      const int half = j / vectors_64, v = j % vectors_64;
      bytes low, high;
      C::split(w, half, v, low, high);
#ifndef LT_ISA_NEON
      const bytes scale = sra_words<8>(lookup(table, load_bytes(&expand_scales[0][0] + j * vector_bytes)));
#endif
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = token(t)->q + half * 128 + v * vector_bytes;
        const dots lo = dot(zero_dots(), low, load_bytes(q)), hi = dot(zero_dots(), high, load_bytes(q + 64));
#ifdef LT_ISA_NEON
        s[t][i] = lane.add(s[t][i], lo, hi, j);
#else
        s[t][i] = add_scaled_quads(s[t][i], lo, hi, scale);
#endif
      }
    }
  }

  static uint16_t d_of(const uint8_t* w) { return load16(w + block_bytes - 2); }

  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    add_blocks<SixteenScales, N, T>(acc, w, x, quads_a_token, one<T>);
  }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    bytes x[4];
    load_columns(x, rows, offset_in_row + block_bytes - 16);
    store_floats(reinterpret_cast<float*>(record + (Record::d + r) * vector_bytes), halfs_to_floats(shr_ints<16>(as_ints(x[3]))));
    C::unpack_scales(rows, offset_in_row, [&](int j, ints scale) { store_ints(Record::scale(record, j, r), scale_lanes(scale)); });
    for (int half = 0; half < 2; ++half) {
      for (int c = 0; c < 2; ++c) {
        for (int i = 0; i < C::columns; ++i) ahead.next();
        C::place(rows, offset_in_row, half, c,
                 [&](int n, int k, bytes codes) { store_bytes(Record::codes(record, half * 8 + 2 * n + c, k, r), codes); });
      }
    }
  }
};

}  // namespace lt::cpu::LT_ISA
