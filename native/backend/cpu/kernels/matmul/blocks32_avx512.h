// Sums of four blocks of 32 values of four rows folded together, and their floats made in one vector.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels.h"
#include "simd/simd_int.h"

namespace lt::cpu::LT_ISA {

// Lane 4 i + r is the sum of quad i of v[r].
inline ints sum_quads_of_four(const ints (&v)[4]) {
  const ints a = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const ints b = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

// Lane i of the four in all lanes of quad i.
inline ints spread_lanes(int4 a) {
  const ints lanes = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  return _mm512_permutexvar_epi32(lanes, _mm512_castsi128_si512(a));
}
inline floats spread_lanes(float4 a) { return _mm512_castsi512_ps(spread_lanes(_mm_castps_si128(a))); }

// The words in which the bytes w[r][at + i * stride] are, in lane 4 i + r: each of one of two vectors. Nothing is read behind four blocks.
template <int stride, int at>
inline __m256i words_of_four(const uint8_t* const (&w)[4]) {
  constexpr int second = 4 * stride < 128 ? 4 * stride - 64 : 64;  // where the other vector of a row begins
  static_assert(4 * stride >= 64 && second % 2 == 0 && 3 * stride + at + 2 <= second + 64);
  constexpr auto place = [](int byte) { return int16_t(byte < 64 ? byte / 2 : 32 + (byte - second) / 2); };
  constexpr int16_t a = place(at), b = place(at + stride), c = place(at + 2 * stride), d = place(at + 3 * stride);
  const __m512i words = _mm512_castsi256_si512(_mm256_setr_epi16(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d));
  __m512i found;
  if constexpr (d < 32) {  // the vectors are of two rows: every other word is of the second
    const __m512i pairs = _mm512_add_epi16(words, _mm512_set1_epi32(32 << 16));
    const auto two = [&](__mmask32 lanes, int r) {
      return _mm512_maskz_permutex2var_epi16(lanes, load_bytes(w[r]), pairs, load_bytes(w[r + 1]));
    };
    found = _mm512_or_si512(two(0x3333, 0), two(0xcccc, 2));
  } else {
    const auto one = [&](int r) {
      return _mm512_maskz_permutex2var_epi16(0x1111u << r, load_bytes(w[r]), words, load_bytes(w[r] + second));
    };
    found = _mm512_or_si512(_mm512_or_si512(one(0), one(1)), _mm512_or_si512(one(2), one(3)));
  }
  return _mm512_castsi512_si256(found);
}

// As floats the halfs there.
template <int stride, int at>
inline floats halfs_of_four(const uint8_t* const (&w)[4]) {
  static_assert(stride % 2 == 0 && at % 2 == 0);
  return _mm512_cvtph_ps(words_of_four<stride, at>(w));
}

// The bytes there, each as half of 2^(e - 127) (levels.h). That of e = 0 is below the normal numbers, which no shift makes.
template <int stride, int at>
inline floats half_powers_of_four(const uint8_t* const (&w)[4]) {
  constexpr int16_t a = at % 2 * 8, b = (at + stride) % 2 * 8;  // where they are in their words
  const __m256i places = _mm256_setr_epi16(a, a, a, a, b, b, b, b, a, a, a, a, b, b, b, b);
  const __m256i e = _mm256_and_si256(_mm256_srlv_epi16(words_of_four<stride, at>(w), places), _mm256_set1_epi16(255));
  const __m512i power = _mm512_max_epu32(_mm512_slli_epi32(_mm512_cvtepu16_epi32(e), 23), _mm512_set1_epi32(1 << 22));
  return _mm512_mul_ps(_mm512_castsi512_ps(power), _mm512_set1_ps(0.5f));
}

// Of sums in which lane 4 c + r is chain c of row r, the chains of each row.
template <int T>
void chains_of_four(float4 (&chains)[4][T], const floats (&sums)[T]) {
  for (int t = 0; t < T; ++t) {
    float all[16];
    store_floats(all, sums[t]);
    for (int r = 0; r < 4; ++r) chains[r][t] = _mm_setr_ps(all[r], all[4 + r], all[8 + r], all[12 + r]);
  }
}

// B's rows by fours: lane 4 c + r of a vector of sums is chain c of row r.
template <class B>
struct FourRows {
  using Codes = typename B::Codes;
  using Scales = typename B::Scales;

  // Four blocks of each.
  template <int T>
  static void four(floats (&acc)[T], const uint8_t* const (&w)[4], const Quad32* x, int64_t quads_a_token) {
    bytes lo[4], hi[4];
    LT_UNROLL
    for (int r = 0; r < 4; ++r) Codes::halves(w[r] + B::code_offset, B::block_bytes, lo[r], hi[r]);
    const floats dw = Scales::template of_four<B::block_bytes, 0>(w);
    floats mw;
    if constexpr (B::has_min) mw = Scales::template of_four<B::block_bytes, 2>(w);
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      const int8_t* q = reinterpret_cast<const int8_t*>(x->q);
      const bytes first = load_bytes(q), second = load_bytes(q + 64);
      ints s[4];
      LT_UNROLL
      for (int r = 0; r < 4; ++r) s[r] = Codes::total(Codes::step(Codes::step(Codes::none(), lo[r], first), hi[r], second));
      const ints offsets = spread_lanes(Codes::corrected(zero_int4(), load_int4(x->start8)));
      const floats d = mul_floats(dw, spread_lanes(load_float4(x->d)));
      acc[t] = fma_floats(d, to_floats(add_ints(sum_quads_of_four(s), offsets)), acc[t]);
      if constexpr (B::has_min) acc[t] = fma_floats(mw, spread_lanes(load_float4(x->sum)), acc[t]);
    }
  }

  template <int T>
  static void rows(float (&v)[4][T], const uint8_t* (&w)[4], const Quad32* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t after) {
    floats acc[T];
    for (floats& a : acc) a = zero_floats();
    for (; blocks >= 4; blocks -= 4, ++x) {
      LT_UNROLL
      for (int r = 0; r < 4; ++r)
        for (int i = 0; i < B::four_bytes; i += 64) prefetch_far(w[r] + ahead + i);
      four<T>(acc, w, x, quads_a_token);
      LT_UNROLL
      for (int r = 0; r < 4; ++r) w[r] += B::four_bytes;
    }
    float4 chains[4][T];
    chains_of_four(chains, acc);
    for (int r = 0; r < 4; ++r) {
      if (blocks) B::template tail<T>(chains[r], w[r], x, quads_a_token, blocks, after);
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(chains[r][t]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
