// Types with minimums on AVX2, by pairs of rows: headers are unpacked as vectors of two rows, which share the folding of sums; the scales
// of a block wait in memory, from where each fills a vector without a shuffle.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels/activations.h"
#include "backend/cpu/kernels/matmul/pairs_avx2.h"
#include "backend/cpu/kernels/matmul/rows.h"

namespace lt::cpu::LT_ISA {

// The four bytes of dword i, as two int16 each.
#define LT_TWICE(a) a, 255, a, 255
#define LT_FOUR(a) {LT_TWICE(a), LT_TWICE((a) + 1), LT_TWICE((a) + 2), LT_TWICE((a) + 3)}
alignas(16) constexpr uint8_t twice_as_words[4][16] = {LT_FOUR(0), LT_FOUR(4), LT_FOUR(8), LT_FOUR(12)};
#undef LT_FOUR
#undef LT_TWICE

// The headers of four blocks of two rows: f16 d; f16 dmin; u8 scales[12].
template <class C>
struct PairHeaders {
  alignas(32) int32_t scales[2][4][8];  // [half][block]: of sub-blocks 4 half and on, of both rows; each as two int16
  bytes minimums[2][2];                 // [half][i]: of blocks 2 i and 2 i + 1, as int16
  floats d, dmin;

  void read(const uint8_t* a, const uint8_t* b) {
    bytes x[4];
    for (int i = 0; i < 4; ++i) x[i] = join_quads(a + i * C::block_bytes, b + i * C::block_bytes);
    transpose(x);
    pair_halfs(d, dmin, x[0]);
    const bytes low = splat_byte(0x3f), high = splat_byte(0x30), nibble = splat_byte(0x0f);
    const auto last = [&](bytes first, bytes nibbles) {
      return or_bytes(and_bytes(nibbles, nibble), and_bytes(shr_words<2>(first), high));
    };
    bytes all[2] = {and_bytes(x[1], low), last(x[1], x[3])};
    const bytes least[2] = {and_bytes(x[2], low), last(x[2], shr_words<4>(x[3]))};
    LT_UNROLL
    for (int half = 0; half < 2; ++half) {
      minimums[half][0] = _mm256_unpacklo_epi8(least[half], zero_ints());
      minimums[half][1] = _mm256_unpackhi_epi8(least[half], zero_ints());
      if (C::odd_twice) all[half] = add_bytes(all[half], and_bytes(all[half], splat_int(0x00ff00ff)));
      for (int i = 0; i < 4; ++i) store_ints(scales[half][i], lookup(all[half], repeat_quad(twice_as_words[i])));
    }
    keep_in_memory(scales);
  }

  ints scale(int row, int block, int sub) const { return splat_int(scales[sub / 4][block][row * 4 + sub % 4]); }

  // The products of the minimums with the sums of q.
  ints with_sums(const Quad256* x) const {
    const auto two = [&](int i) {
      const bytes s = repeat_quad(x->block[2 * i].sum32), u = repeat_quad(x->block[2 * i + 1].sum32);
      return dot2(dot2(zero_ints(), minimums[0][i], lower_eights(s, u)), minimums[1][i], upper_eights(s, u));
    };
    return add_pairs(two(0), two(1));
  }
};

template <class C>
struct PairsWithMinimums {
  using Header = PairHeaders<C>;

  template <int T>
  static void four(floats (&acc)[T], const Header& headers, const uint8_t* a, const uint8_t* b, const Quad256* x, int64_t quads_a_token,
                   int64_t ahead) {
    const FetchPairs<C::block_bytes> fetch{a + ahead, b + ahead};
    ints sums[T][4];
    LT_ROLLED
    for (int i = 0; i < 4; ++i) {
      const uint8_t* const w[2] = {a + i * C::block_bytes, b + i * C::block_bytes};
      ints s[2][T];
      for (int t = 0; t < T; ++t) s[0][t] = s[1][t] = zero_ints();
      LT_UNROLL
      for (int j = 0; j < 4; ++j) {
        if (j < fetch.each) fetch.line(i * fetch.each + j);
        LT_UNROLL
        for (int r = 0; r < 2; ++r) {
          bytes packed = load_bytes(w[r] + C::code_offset + j * vector_bytes), low, high;
          pin(packed);
          C::split_pair(packed, w[r], j, low, high);
          LT_UNROLL
          for (int t = 0; t < T; ++t) {
            const int8_t* q = x[t * quads_a_token].block[i].q + j * 64;
            s[r][t] = dot2(s[r][t], dot(zero_dots(), low, load_bytes(q)), headers.scale(r, i, 2 * j));
            s[r][t] = dot2(s[r][t], dot(zero_dots(), high, load_bytes(q + 32)), headers.scale(r, i, 2 * j + 1));
          }
        }
      }
      for (int t = 0; t < T; ++t) sums[t][i] = add_halves(s[0][t], s[1][t]);
    }
    fetch.rest();
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      const ints sum = add_four_pairs(sums[t]);
      floats v = mul_floats(headers.d, to_floats(C::odd_twice ? sra_ints<1>(sum) : sum));
      v = _mm256_fnmadd_ps(headers.dmin, to_floats(headers.with_sums(x)), v);
      acc[t] = fma_floats(v, repeat_float4(x->d), acc[t]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
