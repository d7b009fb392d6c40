// Q2_K and Q3_K on AVX2, by pairs of rows: sixteen sub-blocks of 16 values, whose codes are multiplied where their bits lie, as 1, 4 and 16
// times themselves; the fourth of a byte is moved to where the third was. Scales make it 16 times in all.
//
// C gives: block_bytes; has_min; less16, 16 times what codes are less, as a shift (0: nothing); and
//   scales(a, b)          of the blocks at a and b the sixteen scales, a byte each, in a half
//   minimums(a, b)        the same of the minimums, where there are any
//   codes(w, half, code)  codes of 128 values, of run n of 32 in code[n]
//   d_at, dmin_at         where those are in a block
#pragma once
#include <array>

#include "backend/cpu/kernels/matmul/pairs_avx2.h"

namespace lt::cpu::LT_ISA {

// Of sixteen bytes the even ones, then the odd ones, each as the upper half of a word; of those words number i of both halves, eight times.
alignas(32) constexpr std::array<uint8_t, 32> apart_as_words = [] {
  std::array<uint8_t, 32> index{};
  for (size_t i = 0; i < 32; ++i) index[i] = static_cast<uint8_t>(i % 2 ? i % 16 / 2 * 2 + i / 16 : 255);
  return index;
}();
alignas(32) constexpr std::array<uint8_t, 256> repeat_word = [] {
  std::array<uint8_t, 256> index{};
  for (size_t i = 0; i < 256; ++i) index[i] = static_cast<uint8_t>(i / 32 * 2 + i % 2);
  return index;
}();
alignas(16) constexpr int16_t make_all_sixteen[8] = {16, 4, 1, 1, 16, 4, 1, 1};

template <class C>
struct SixteenHeaders {
  alignas(32) uint8_t scales[4][32], minimums[4][32];  // [block][row and sub-block]
  alignas(32) uint8_t words[2][4][32];                 // [row][block]: scales by apart_as_words, times what makes all codes sixteen times
  floats d, dmin;

  static floats halfs(const uint8_t* a, const uint8_t* b, int at) {
    const auto four = [&](const uint8_t* w) {
      const auto one = [&](int i) { return load16(w + i * C::block_bytes + at); };
      return int64_t(join_16(one(0), one(1), one(2), one(3), 0));
    };
    return _mm256_cvtph_ps(_mm_set_epi64x(four(b), four(a)));
  }

  void read(const uint8_t* a, const uint8_t* b) {
    LT_UNROLL
    for (int i = 0; i < 4; ++i, a += C::block_bytes, b += C::block_bytes) {
      const bytes both = C::scales(a, b);
      store_bytes(scales[i], both);
      if constexpr (C::has_min) store_bytes(minimums[i], C::minimums(a, b));
      const auto put = [&](int row, bytes mine) {
        const bytes apart = sra_words<8>(lookup(mine, load_bytes(apart_as_words.data())));
        store_bytes(words[row][i], mul_words(apart, repeat_quad(make_all_sixteen)));
      };
      put(0, _mm256_permute2x128_si256(both, both, 0x00));
      put(1, _mm256_permute2x128_si256(both, both, 0x11));
    }
    a -= 4 * C::block_bytes, b -= 4 * C::block_bytes;
    d = halfs(a, b, C::d_at);
    if constexpr (C::has_min) dmin = halfs(a, b, C::dmin_at);
  }
};

template <class C>
struct PairsOfSixteen {
  using Header = SixteenHeaders<C>;

  // s[t] += 16 times the scaled dot products of block i with T tokens.
  template <int T>
  static void add(ints (&s)[T], const uint8_t* w, bytes words, const Quad256* x, int64_t quads_a_token, int i) {
    LT_UNROLL
    for (int half = 0; half < 2; ++half) {
      bytes code[4];
      C::codes(w, half, code);
      LT_UNROLL
      for (int n = 0; n < 4; ++n) {
        const bytes scale = lookup(words, load_bytes(repeat_word.data() + (4 * half + n) * 32));
        LT_UNROLL
        for (int t = 0; t < T; ++t)
          s[t] = dot2(s[t], dot(zero_dots(), code[n], load_bytes(x[t * quads_a_token].block[i].q + half * 128 + n * 32)), scale);
      }
    }
  }

  // Sixteen numbers, a byte each, times the sums of q, without their sign.
  static ints with_sums(const uint8_t* numbers, const Block256& x) {
    return dot2(zero_ints(), _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(numbers))), load_bytes(x.negative_sum16));
  }

  template <int T>
  static void four(floats (&acc)[T], const Header& header, const uint8_t* a, const uint8_t* b, const Quad256* x, int64_t quads_a_token,
                   int64_t ahead) {
    const FetchPairs<C::block_bytes> fetch{a + ahead, b + ahead};
    ints sums[T][4], least[T][4];
    LT_ROLLED
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < fetch.each; ++j) fetch.line(i * fetch.each + j);
      ints s[2][T], m[2][T];
      LT_UNROLL
      for (int r = 0; r < 2; ++r) {
        for (int t = 0; t < T; ++t) {
          const Block256& block = x[t * quads_a_token].block[i];
          s[r][t] = zero_ints();
          if constexpr (C::less16 != 0) s[r][t] = shl_ints<C::less16>(with_sums(header.scales[i] + 16 * r, block));
          if constexpr (C::has_min) m[r][t] = with_sums(header.minimums[i] + 16 * r, block);
        }
        add<T>(s[r], (r ? b : a) + i * C::block_bytes, load_bytes(header.words[r][i]), x, quads_a_token, i);
      }
      for (int t = 0; t < T; ++t) {
        sums[t][i] = add_halves(s[0][t], s[1][t]);
        if constexpr (C::has_min) least[t][i] = add_halves(m[0][t], m[1][t]);
      }
    }
    fetch.rest();
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      floats v = mul_floats(header.d, to_floats(sra_ints<4>(add_four_pairs(sums[t]))));
      if constexpr (C::has_min) v = fma_floats(header.dmin, to_floats(add_four_pairs(least[t])), v);
      acc[t] = fma_floats(v, repeat_float4(x->d), acc[t]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
