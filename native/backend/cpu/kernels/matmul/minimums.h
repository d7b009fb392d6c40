// Q4_K and Q5_K: f16 d; f16 dmin; u8 scales[12]; codes. Eight sub-blocks of 32 with 6-bit scales and minimums.
//
// C gives: block_bytes; most_code; code_offset, of u8 nibbles[128]; and
//   split(packed, w, j, low, high)          the codes of vector j of the nibbles, of the block at w
//   split_pair(packed, w, j, low, high)     on AVX2, the same of two rows; where odd_twice, those in `high` are twice themselves
//   load_bits(bits, w), split_two<j>(packed, bits, low, high)   on ARM, of half of 32 bytes j, whose fifth bits lie in half of 32 bytes
//   place(x, rows, offset, c, low, high)    of 16 bytes a row, those from 16 c on, by columns: what a record has
#pragma once
#include "backend/cpu/kernels/matmul/blocks256.h"
#ifdef LT_ISA_AVX512
#include "backend/cpu/kernels/matmul/minimums_avx512.h"
#endif
#if defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
#include "backend/cpu/kernels/matmul/minimums_avx2.h"
#endif
#ifdef LT_ISA_NEON
#include "backend/cpu/kernels/matmul/minimums_neon.h"
#endif

namespace lt::cpu::LT_ISA {

// Byte pairs of the scales of 64 bytes of codes, [sub-blocks a, c] in the low nibbles and [b, d] in the high ones: in the quads of
// the first 32 bytes a a a a b b b b as int16, in those of the last 32 c c c c d d d d.
#define LT_PAIR(s) s, 255
#define LT_QUAD(a, b) LT_PAIR(a), LT_PAIR(a), LT_PAIR(a), LT_PAIR(a), LT_PAIR(b), LT_PAIR(b), LT_PAIR(b), LT_PAIR(b)
alignas(64) constexpr uint8_t expand_minimums[2][64] = {
    {LT_QUAD(0, 1), LT_QUAD(0, 1), LT_QUAD(2, 3), LT_QUAD(2, 3)},
    {LT_QUAD(4, 5), LT_QUAD(4, 5), LT_QUAD(6, 7), LT_QUAD(6, 7)},
};

template <class C>
struct WithMinimums {
  using Record = Record256<WithMinimums>;
  static constexpr int block_bytes = C::block_bytes, sub_blocks = 8, steps = 8, offset = 0, unpack_calls = 8;
  static constexpr int steps_together = wide_dots || C::most_code < 16 ? 8 : 4;  // of pairs: 31 * 127 * 2 * 4 < 2^15
  static constexpr bool has_min = true, folded = false;

  // The 12 bytes as eight scales and eight minimums, a byte each.
  static void scales_of(const uint8_t* w, uint64_t& scales, uint64_t& minimums) {
    const uint32_t s0 = load32(w + 4), s1 = load32(w + 8), s2 = load32(w + 12);
    const uint32_t low = 0x3f3f3f3f, high = 0x30303030, nibble = 0x0f0f0f0f;
    scales = (s0 & low) | uint64_t((s2 & nibble) | (s0 >> 2 & high)) << 32;
    minimums = (s1 & low) | uint64_t((s2 >> 4 & nibble) | (s1 >> 2 & high)) << 32;
  }

  // Of a block and T tokens, `apart` bytes from one to the next: s the scaled dot products, m those of the minimums.
  template <int T>
  static void one(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], int4 (*m)[4], int i) {
    uint64_t scales, minimums;
    scales_of(w, scales, minimums);
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    for (int t = 0; t < T; ++t) {
      m[t][i] = dot_u8_i16(minimums, token(t)->sum32);
      s[t][i] = zero_ints();
    }
    const bytes table = repeat_u64(scales);
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      constexpr int v64 = vectors_64;
      bytes low, high;
      C::split(load_bytes(w + C::code_offset + j * vector_bytes), w, j, low, high);
      const bytes scale = lookup(table, load_bytes(&expand_minimums[0][0] + j * vector_bytes));
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = token(t)->nibbles + j / v64 * 128 + j % v64 * vector_bytes;
        const dots lo = dot(zero_dots(), low, load_bytes(q)), hi = dot(zero_dots(), high, load_bytes(q + 64));
        s[t][i] = add_scaled_quads(s[t][i], lo, hi, scale);
      }
    }
  }

  // The first N of four blocks of a row; absent ones add -0, which changes no sum.
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
#ifdef LT_ISA_NEON
    if constexpr (N == 4) return FourWithMinimums<C>::template add<T>(acc, w, x, quads_a_token);
#endif
    ints s[T][4];
    int4 m[T][4];
    if constexpr (N < 4) {
      for (int t = 0; t < T; ++t)
        for (int i = N; i < 4; ++i) s[t][i] = zero_ints(), m[t][i] = zero_int4();
    }
    uint64_t d = 0x8000800080008000, dmin = 0;
    LT_UNROLL
    for (int i = 0; i < N; ++i, w += block_bytes) {
      one<T>(w, &x->block[i], quads_a_token * int64_t(sizeof(Quad256)), s, m, i);
      d = (d & ~(uint64_t(0xffff) << 16 * i)) | uint64_t(load16(w)) << 16 * i;
      dmin |= uint64_t(load16(w + 2)) << 16 * i;
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      float4 v = mul_float4(halfs_to_float4(d), to_float4(sum_each(s[t][0], s[t][1], s[t][2], s[t][3])));
      v = fnma_float4(halfs_to_float4(dmin), to_float4(sum_each(m[t][0], m[t][1], m[t][2], m[t][3])), v);
      acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
    }
  }

  static void unpack_header(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r) {
    bytes x[4];
    load_columns(x, rows, offset_in_row);
    const ints low = splat_int(0x3f3f3f3f), high = splat_int(0x30303030), nibble = splat_int(0x0f0f0f0f);
    const ints d = as_ints(x[0]), s0 = as_ints(x[1]), s1 = as_ints(x[2]), s2 = as_ints(x[3]);
    const ints scales[2] = {and_ints(s0, low), or_ints(and_ints(s2, nibble), and_ints(shr_ints<2>(s0), high))};
    const ints minimums[2] = {and_ints(s1, low), or_ints(and_ints(shr_ints<4>(s2), nibble), and_ints(shr_ints<2>(s1), high))};
    const ints byte = splat_int(255), second = splat_int(0xff00);
    for (int i = 0; i < 2; ++i) {
      const auto put = [&](int j, ints s) {
        const ints scale = and_ints(s, byte);
        store_ints(Record::scale(record, 4 * i + j, r), scale_lanes(scale));
      };
      put(0, scales[i]);
      put(1, shr_ints<8>(scales[i]));
      put(2, shr_ints<16>(scales[i]));
      put(3, shr_ints<24>(scales[i]));
      uint8_t* pair = record + (Record::minimums + 2 * i * tile_rows + r) * vector_bytes;
      const ints upper = shr_ints<16>(minimums[i]);
      store_ints(pair, or_ints(and_ints(minimums[i], byte), shl_ints<8>(and_ints(minimums[i], second))));
      store_ints(pair + tile_rows * vector_bytes, or_ints(and_ints(upper, byte), shl_ints<8>(and_ints(upper, second))));
    }
    const auto put = [&](int at, floats v) { store_floats(reinterpret_cast<float*>(record + (at + r) * vector_bytes), v); };
    put(Record::d, halfs_to_floats(d));
    put(Record::negative_dmin, negate(halfs_to_floats(shr_ints<16>(d))));
  }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    unpack_header(record, rows, offset_in_row, r);
    for (int c = 0; c < 8; ++c) {  // 16 bytes: half of two sub-blocks
      ahead.next();
      bytes x[4], low[4], high[4];
      load_columns(x, rows, offset_in_row + C::code_offset + size_t(c) * 16);
      C::place(x, rows, offset_in_row, c, low, high);
      for (int k = 0; k < 4; ++k) {
        store_bytes(Record::codes(record, c / 2 * 2, c % 2 * 4 + k, r), low[k]);
        store_bytes(Record::codes(record, c / 2 * 2 + 1, c % 2 * 4 + k, r), high[k]);
      }
    }
  }
};

#if defined(LT_ISA_AVX512) && !defined(LT_ISA_AMX)
// Four rows at once, as streams from end to end. On a Zen 4 one thread reads Q4_K so at 26.5 GB/s instead of 24 over huge pages, over the
// file's pages of 4 KB at 22.5 instead of 19.5. The distance matters: twice as far ahead it is 24 and 20.5, and of Q5_K 21 instead of 22.5.
template <class C>
struct BlocksWithMinimums : Blocks256<WithMinimums<C>> {
  using Blocks = Blocks256<WithMinimums<C>>;
  static constexpr bool waits = true;

  template <int R, int T>
  static void rows(float (&v)[R][T], const uint8_t* (&w)[R], const Quad256* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t after) {
    if constexpr (R == 4)
      FourRowsWithMinimums<C>::template rows<T>(v, w, x, quads_a_token, blocks, ahead);
    else
      Blocks::template rows<R, T>(v, w, x, quads_a_token, blocks, ahead, after);
  }

  static void run(const MatmulPiece& p) {
    if (by_tile(p.x_rows, p.cols)) return Blocks::run(p);
    run_rows<BlocksWithMinimums, Quad256>(p);
  }
};
#elif defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
template <class C>
using BlocksWithMinimums = BlocksByPairs<Blocks256<WithMinimums<C>>, PairsWithMinimums<C>>;
#else
template <class C>
using BlocksWithMinimums = Blocks256<WithMinimums<C>>;
#endif

}  // namespace lt::cpu::LT_ISA
