// Several sums of blocks of 32 values folded together, and their floats made in one vector: of eight blocks of a row, or of four blocks of
// four rows.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels.h"
#include "simd/simd_int.h"

namespace lt::cpu::LT_ISA {

// Lanes 0 to 3 are the sums of a's quads, 4 to 7 those of b's.
inline __m256i sum_quads_of_two(ints a, ints b) {
  ints s = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  s = _mm512_add_epi32(s, _mm512_shuffle_epi32(s, _MM_PERM_BADC));  // of each quad a's, b's, a's, b's
  const __m512i order = _mm512_castsi256_si512(_mm256_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13));
  return _mm512_castsi512_si256(_mm512_permutexvar_epi32(order, s));
}

inline __m256i load_two(const int32_t* low, const int32_t* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_int4(low)), load_int4(high), 1);
}
inline __m256 load_two(const float* low, const float* high) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(load_float4(low)), load_float4(high), 1);
}

// Of eight blocks, `stride` bytes apart, the halves that they begin with.
inline __m256 eight_halfs(const uint8_t* p, size_t stride) {
  const auto four = [&](const uint8_t* q) {
    return halfs_to_float4(join_16(load16(q), load16(q + stride), load16(q + 2 * stride), load16(q + 3 * stride), 0));
  };
  return _mm256_insertf128_ps(_mm256_castps128_ps256(four(p)), four(p + 4 * stride), 1);
}

// Their first bytes, each as half of 2^(e - 127) (levels.h). That of e = 0 is below the normal numbers, which no shift makes.
inline __m256 eight_half_powers(const uint8_t* p, size_t stride) {
  uint64_t e = 0;
  LT_UNROLL
  for (size_t i = 0; i < 8; ++i) e |= uint64_t(p[i * stride]) << 8 * i;
  const __m256i power = _mm256_slli_epi32(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(int64_t(e))), 23);
  return _mm256_mul_ps(_mm256_castsi256_ps(_mm256_max_epu32(power, _mm256_set1_epi32(1 << 22))), _mm256_set1_ps(0.5f));
}

// acc + d S of the first four, then of the others.
inline float4 add_two(float4 acc, __m256 d, __m256i sums) {
  const __m256 s = _mm256_cvtepi32_ps(sums);
  acc = fma_float4(_mm256_castps256_ps128(d), _mm256_castps256_ps128(s), acc);
  return fma_float4(_mm256_extractf128_ps(d, 1), _mm256_extractf128_ps(s, 1), acc);
}

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

// The halfs at w[r] + at + i * stride as floats, in lane 4 i + r: each a word of one of two vectors.
template <int stride, int at>
inline floats halfs_of_four(const uint8_t* const (&w)[4]) {
  static_assert(stride % 2 == 0 && at % 2 == 0 && 3 * stride + at + 2 <= 128);
  constexpr int16_t a = at / 2, b = a + stride / 2, c = b + stride / 2, d = c + stride / 2;
  const __m512i words = _mm512_castsi256_si512(_mm256_setr_epi16(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d));
  __m512i halfs;
  if constexpr (3 * stride + at + 2 <= 64) {  // the vectors are of two rows: every other word is of the second
    const __m512i pairs = _mm512_add_epi16(words, _mm512_set1_epi32(32 << 16));
    const auto two = [&](__mmask32 lanes, int r) {
      return _mm512_maskz_permutex2var_epi16(lanes, load_bytes(w[r]), pairs, load_bytes(w[r + 1]));
    };
    halfs = _mm512_or_si512(two(0x3333, 0), two(0xcccc, 2));
  } else {
    const auto one = [&](int r) { return _mm512_maskz_permutex2var_epi16(0x1111u << r, load_bytes(w[r]), words, load_bytes(w[r] + 64)); };
    halfs = _mm512_or_si512(_mm512_or_si512(one(0), one(1)), _mm512_or_si512(one(2), one(3)));
  }
  return _mm512_cvtph_ps(_mm512_castsi512_si256(halfs));
}

// B's rows by fours: lane 4 c + r of a vector of sums is chain c of row r. Scales are halfs.
template <class B>
struct FourRows {
  using Codes = typename B::Codes;

  // Four blocks of each.
  template <int T>
  static void four(floats (&acc)[T], const uint8_t* const (&w)[4], const Quad32* x, int64_t quads_a_token) {
    bytes lo[4], hi[4];
    LT_UNROLL
    for (int r = 0; r < 4; ++r) Codes::halves(w[r] + B::code_offset, B::block_bytes, lo[r], hi[r]);
    const floats dw = halfs_of_four<B::block_bytes, 0>(w);
    floats mw;
    if constexpr (B::has_min) mw = halfs_of_four<B::block_bytes, 2>(w);
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
    for (int t = 0; t < T; ++t) {
      float all[16];
      store_floats(all, acc[t]);
      for (int r = 0; r < 4; ++r) chains[r][t] = _mm_setr_ps(all[r], all[4 + r], all[8 + r], all[12 + r]);
    }
    for (int r = 0; r < 4; ++r) {
      if (blocks) B::template tail<T>(chains[r], w[r], x, quads_a_token, blocks, after);
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(chains[r][t]);
    }
  }
};

}  // namespace lt::cpu::LT_ISA
