// IQ4_XS on AVX2, by pairs of rows: products of the sizes of inputs with levels that have taken their signs are int16 pairs, which scales
// multiply.
#pragma once
#include "backend/cpu/kernels/matmul/levels.h"
#include "backend/cpu/kernels/matmul/pairs_avx2.h"

namespace lt::cpu::LT_ISA {

struct PairsIq4Xs {
  static constexpr int block_bytes = 136;

  struct Header {
    floats d;
    void read(const uint8_t* a, const uint8_t* b) { d = halfs_of_pair<block_bytes>(a, b); }
  };

  // The eight scales, twice as int16 each. Of w's first dword the upper half has two bits of each, from where they are moved to 4 and 5.
  static ints scales(const uint8_t* w) {
    const ints low = _mm256_srlv_epi32(splat_int(int32_t(load32(w + 4))), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
    const ints high = _mm256_srlv_epi32(splat_int(int32_t(load32(w))), _mm256_setr_epi32(12, 14, 16, 18, 20, 22, 24, 26));
    const ints both = or_ints(and_ints(low, splat_int(0x0f)), and_ints(high, splat_int(0x30)));
    return _mm256_sub_epi16(or_ints(both, shl_ints<16>(both)), _mm256_set1_epi16(32));
  }

  template <int T>
  static void four(floats (&acc)[T], const Header& header, const uint8_t* a, const uint8_t* b, const Quad256* x, int64_t quads_a_token,
                   int64_t ahead) {
    const FetchPairs<block_bytes> fetch{a + ahead, b + ahead};
    const bytes levels = repeat_quad(Iq4Levels::levels), mask = splat_byte(15);
    ints sums[T][4];
    LT_ROLLED
    for (int i = 0; i < 4; ++i) {
      const uint8_t* const w[2] = {a + i * block_bytes, b + i * block_bytes};
      const ints all[2] = {scales(w[0]), scales(w[1])};
      ints s[2][T];
      for (int t = 0; t < T; ++t) s[0][t] = s[1][t] = zero_ints();
      LT_UNROLL
      for (int j = 0; j < 4; ++j) {
        if (j < fetch.each) fetch.line(i * fetch.each + j);
        const ints which = _mm256_setr_epi32(2 * j, 2 * j, 2 * j, 2 * j, 2 * j + 1, 2 * j + 1, 2 * j + 1, 2 * j + 1);
        LT_UNROLL
        for (int r = 0; r < 2; ++r) {
          bytes packed = load_bytes(w[r] + 8 + j * vector_bytes);
          pin(packed);
          const bytes low = lookup(levels, and_bytes(packed, mask)), high = lookup(levels, and_bytes(shr_words<4>(packed), mask));
          const ints scale = _mm256_permutevar8x32_epi32(all[r], which);
          const auto product = [&](bytes level, const int8_t* q) {  // 2 * 127 * 127 < 2^15
            const bytes input = load_bytes(q);
            return dot2(zero_ints(), dot(zero_dots(), _mm256_abs_epi8(input), _mm256_sign_epi8(level, input)), scale);
          };
          LT_UNROLL
          for (int t = 0; t < T; ++t) {
            const int8_t* q = x[t * quads_a_token].block[i].halves + j / 2 * 128 + j % 2 * 32;
            s[r][t] = add_ints(s[r][t], add_ints(product(low, q), product(high, q + 64)));
            pin(s[r][t]);
          }
        }
      }
      for (int t = 0; t < T; ++t) sums[t][i] = add_halves(s[0][t], s[1][t]);
    }
    fetch.rest();
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token)
      acc[t] = fma_floats(mul_floats(header.d, to_floats(add_four_pairs(sums[t]))), repeat_float4(x->d), acc[t]);
  }
};

}  // namespace lt::cpu::LT_ISA
