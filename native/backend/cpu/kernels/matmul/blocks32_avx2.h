// Four rows of blocks of 32 values at once on AVX2: they share the loads of inputs, and their sums are folded together.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels/activations.h"

namespace lt::cpu::LT_ISA {

// Of each half the first two lanes plus the last two, a's before b's.
inline ints fold_ints(ints a, ints b) { return _mm256_add_epi32(_mm256_blend_epi32(a, b, 0xcc), _mm256_alignr_epi8(b, a, 8)); }
inline dots fold_dots(dots a, dots b) { return add_dots(_mm256_blend_epi32(a, b, 0xcc), _mm256_alignr_epi8(b, a, 8)); }
inline ints lanes_0_2(ints a, ints b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}
inline ints lanes_1_3(ints a, ints b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd));
}

// Lane 4 i + r is the sum of half i of v[r], of codes up to `most`: each lane of it is two sums of two products, which stay int16 while
// more of them fit. Of most = 127 those are int32 already.
template <int most>
inline ints sum_halves_of_four(const ints (&v)[4]) {
  constexpr int largest = 4 * most * 127;
  const auto fold = [](ints a, ints b) { return add_ints(lanes_0_2(a, b), lanes_1_3(a, b)); };
  if constexpr (wide_dots || most == 127) {
    return fold(fold_ints(v[0], v[1]), fold_ints(v[2], v[3]));
  } else {
    static_assert(2 * largest < 1 << 15);
    const dots a = fold_dots(v[0], v[1]), b = fold_dots(v[2], v[3]);
    if constexpr (4 * largest < 1 << 15) return sum_dots(add_dots(lanes_0_2(a, b), lanes_1_3(a, b)));
    return fold(sum_dots(a), sum_dots(b));
  }
}

// Lanes 2 v and 2 v + 1 of four, each in all lanes of a half.
template <int v>
inline ints spread_two(int4 a) {
  constexpr int i = 2 * v, j = i + 1;
  return _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(a), _mm256_setr_epi32(i, i, i, i, j, j, j, j));
}
template <int v>
inline floats spread_two(float4 a) {
  return _mm256_castsi256_ps(spread_two<v>(_mm_castps_si128(a)));
}

// The 32 bits that begin each half as 16 where they are set, in the order of blocks with fifth bits: of the low, of the high nibbles.
inline void spread_fifths(bytes bits, bytes& low, bytes& high) {
  const bytes which = _mm256_set1_epi64x(int64_t(0x8040201008040201)), fifth = splat_byte(16);
  const auto spread = [&](int64_t first, int64_t second) {
    const bytes eights = lookup(bits, _mm256_setr_epi64x(first, second, first, second));
    return and_bytes(_mm256_cmpeq_epi8(and_bytes(eights, which), which), fifth);
  };
  low = spread(0, 0x0101010101010101), high = spread(0x0202020202020202, 0x0303030303030303);
}

// The halfs at w[r][at] as floats in lane r, those `stride` bytes behind them in lane 4 + r.
template <int stride>
inline floats halfs_of_two(const uint8_t* const (&w)[4], size_t at) {
  const auto four = [&](size_t from) {
    int4 words = _mm_cvtsi32_si128(load16(w[0] + from));
    words = _mm_insert_epi16(words, load16(w[1] + from), 1);
    words = _mm_insert_epi16(words, load16(w[2] + from), 2);
    return _mm_insert_epi16(words, load16(w[3] + from), 3);
  };
  return _mm256_cvtph_ps(_mm_unpacklo_epi64(four(at), four(at + stride)));
}

// The bytes there, each as half of 2^(e - 127) (levels.h). That of e = 0 is below the normal numbers, which no shift makes.
template <int stride>
inline floats half_powers_of_two(const uint8_t* const (&w)[4], size_t at) {
  const auto four = [&](size_t from) {
    int4 bytes = _mm_cvtsi32_si128(w[0][from]);
    bytes = _mm_insert_epi8(bytes, w[1][from], 1);
    bytes = _mm_insert_epi8(bytes, w[2][from], 2);
    return _mm_insert_epi8(bytes, w[3][from], 3);
  };
  const ints e = _mm256_cvtepu8_epi32(_mm_unpacklo_epi32(four(at), four(at + stride)));
  const ints power = _mm256_max_epu32(_mm256_slli_epi32(e, 23), _mm256_set1_epi32(1 << 22));
  return _mm256_mul_ps(_mm256_castsi256_ps(power), _mm256_set1_ps(0.5f));
}

// B's rows by fours: lane 4 i + r of vector v of their sums is chain 2 v + i of row r.
template <class B>
struct FourRows {
  using Codes = typename B::Codes;
  using Scales = typename B::Scales;

  // Blocks 2 v and 2 v + 1 of each.
  template <int v, int T>
  static void two(floats (&acc)[T], const uint8_t* const (&w)[4], const Quad32* x, int64_t quads_a_token) {
    constexpr size_t at = size_t(2 * v) * B::block_bytes;
    typename Codes::Sums s[T][4];
    LT_UNROLL
    for (int r = 0; r < 4; ++r) {
      bytes lo, hi;
      Codes::halves(w[r] + at + B::code_offset, B::block_bytes, lo, hi);
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const Quad32& token = x[t * quads_a_token];
        s[t][r] = Codes::step(Codes::step(Codes::none(), lo, load_bytes(token.q[0][2 * v])), hi, load_bytes(token.q[1][2 * v]));
      }
    }
    const floats dw = Scales::template of_two<B::block_bytes>(w, at);
    floats mw;
    if constexpr (B::has_min) mw = Scales::template of_two<B::block_bytes>(w, at + 2);
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      const ints offsets = spread_two<v>(Codes::corrected(zero_int4(), load_int4(x->start8)));
      const ints sums = add_ints(sum_halves_of_four<Codes::most>(s[t]), offsets);
      acc[t] = fma_floats(mul_floats(dw, spread_two<v>(load_float4(x->d))), to_floats(sums), acc[t]);
      if constexpr (B::has_min) acc[t] = fma_floats(mw, spread_two<v>(load_float4(x->sum)), acc[t]);
    }
  }

  template <int T>
  static void rows(float (&v)[4][T], const uint8_t* (&w)[4], const Quad32* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t after) {
    floats acc[2][T];
    for (auto& half : acc)
      for (floats& a : half) a = zero_floats();
    for (; blocks >= 4; blocks -= 4, ++x) {
      LT_UNROLL
      for (int r = 0; r < 4; ++r)
        for (int i = 0; i < B::four_bytes; i += 64) prefetch_far(w[r] + ahead + i);
      two<0>(acc[0], w, x, quads_a_token);
      two<1>(acc[1], w, x, quads_a_token);
      LT_UNROLL
      for (int r = 0; r < 4; ++r) w[r] += B::four_bytes;
    }
    float4 chains[4][T];
    for (int t = 0; t < T; ++t) {
      float all[16];
      store_floats(all, acc[0][t]);
      store_floats(all + 8, acc[1][t]);
      for (int r = 0; r < 4; ++r) chains[r][t] = _mm_setr_ps(all[r], all[4 + r], all[8 + r], all[12 + r]);
    }
    for (int r = 0; r < 4; ++r) {
      if (blocks) B::template tail<T>(chains[r], w[r], x, quads_a_token, blocks, after);
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(chains[r][t]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
