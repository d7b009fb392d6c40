// Types with minimums on AVX-512, four rows at once: headers are unpacked as vectors, and sums folded together.
#pragma once
#include "backend/cpu/kernels/activations.h"
#include "backend/cpu/kernels/matmul/blocks32_avx512.h"
#include "backend/cpu/kernels/matmul/rows.h"

namespace lt::cpu::LT_ISA {

// Lane 4 i + r is the sum of lane r of v[i]'s quads.
inline ints sum_lanes_of_four(const ints (&v)[4]) {
  const ints a = _mm512_add_epi32(_mm512_shuffle_i32x4(v[0], v[1], 0x44), _mm512_shuffle_i32x4(v[0], v[1], 0xee));
  const ints b = _mm512_add_epi32(_mm512_shuffle_i32x4(v[2], v[3], 0x44), _mm512_shuffle_i32x4(v[2], v[3], 0xee));
  return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
}

// The headers of the first N of four blocks of four rows, in lane 4 i + r what is of block i of row r. Absent ones are read as block 0 is,
// so that nothing behind a row is, and have a d of -0 and a dmin of 0: with sums of zeros they add -0, which changes no sum.
template <int N>
struct Headers {
  floats d, dmin;
  // Of sub-blocks 0 to 3, then 4 to 7: as int16, in quad i those of rows 0 and 1, then of 2 and 3.
  bytes scales[2][2], minimums[2][2];

  Headers(const uint8_t* const (&w)[4], int block_bytes) {
    bytes x[4];
    for (int r = 0; r < 4; ++r) x[r] = quads_of(w[r], block_bytes);
    transpose(x);
    const bytes low = splat_byte(0x3f), high = splat_byte(0x30), nibble = splat_byte(0x0f);
    d = halfs_to_floats(x[0]), dmin = halfs_to_floats(shr_ints<16>(x[0]));
    if constexpr (N < 4) d = _mm512_mask_mov_ps(_mm512_set1_ps(-0.0f), present, d), dmin = _mm512_maskz_mov_ps(present, dmin);
    const auto put = [&](bytes(&to)[2][2], bytes first, bytes last) {
      const bytes all[2] = {and_bytes(first, low), or_bytes(and_bytes(last, nibble), and_bytes(shr_words<2>(first), high))};
      for (int i = 0; i < 2; ++i) {
        to[i][0] = _mm512_unpacklo_epi8(all[i], zero_ints());
        to[i][1] = _mm512_unpackhi_epi8(all[i], zero_ints());
      }
    };
    put(scales, x[1], x[3]);
    put(minimums, x[2], shr_words<4>(x[3]));
  }

  static constexpr __mmask16 present = __mmask16((1u << 4 * N) - 1);

  static bytes quads_of(const uint8_t* w, int block_bytes) {
    if constexpr (N == 4) return load_quad_each(w, size_t(block_bytes));
    const auto quad = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + (i < N ? i * block_bytes : 0))); };
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(quad(0)), quad(1), 1);
    return _mm512_inserti32x4(_mm512_castsi256_si512(low), quad(2), 2);
  }

  // The products of the minimums with the sums of q.
  ints with_sums(const Quad256* x) const {
    const bytes sums = load_quad_each(reinterpret_cast<const uint8_t*>(x->block[0].sum32), sizeof(Block256));
    const bytes first = lower_eights(sums, sums), last = upper_eights(sums, sums);
    const auto two = [&](int i) { return _mm512_castsi512_ps(dot2(dot2(zero_ints(), minimums[0][i], first), minimums[1][i], last)); };
    const __m512 a = two(0), b = two(1);
    return add_ints(_mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)), _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd)));
  }
};

// Where in Headers::scales those of 64 bytes of codes are, of an even and of an odd row of block 0: in the quads of the first 32 bytes
// a a a a b b b b, in those of the last 32 c c c c d d d d.
#define LT_QUAD16(a) a, a, a, a, (a) + 1, (a) + 1, (a) + 1, (a) + 1
#define LT_ROW16(a) {LT_QUAD16(a), LT_QUAD16(a), LT_QUAD16((a) + 2), LT_QUAD16((a) + 2)}
alignas(64) constexpr int16_t scale_places[4][2][32] = {
    {LT_ROW16(0), LT_ROW16(4)}, {LT_ROW16(8), LT_ROW16(12)}, {LT_ROW16(16), LT_ROW16(20)}, {LT_ROW16(24), LT_ROW16(28)}};
#undef LT_ROW16
#undef LT_QUAD16

// The rows of types C by fours: lane 4 c + r of a vector of sums is chain c of row r.
template <class C>
struct FourRowsWithMinimums {
  // The first N of four blocks of each.
  template <int N, int T>
  static void blocks(floats (&acc)[T], const uint8_t* const (&w)[4], const Quad256* x, int64_t quads_a_token, int64_t ahead) {
    const Headers<N> headers(w, C::block_bytes);
    ints sums[T][4];
    for (int t = 0; t < T; ++t)
      for (int i = N; i < 4; ++i) sums[t][i] = zero_ints();
    LT_UNROLL
    for (int i = 0; i < N; ++i) {
      ints s[T][4];
      LT_UNROLL
      for (int r = 0; r < 4; ++r) {
        const uint8_t* block = w[r] + i * C::block_bytes;
        for (int at = (i * C::block_bytes + 63) / 64 * 64; at < (i + 1) * C::block_bytes; at += 64) prefetch_far(w[r] + ahead + at);
        const bytes place = load_bytes(scale_places[i][r % 2]);
        for (int t = 0; t < T; ++t) s[t][r] = zero_ints();
        LT_UNROLL
        for (int j = 0; j < 2; ++j) {
          bytes low, high;
          C::split(load_bytes(block + C::code_offset + j * 64), block, j, low, high);
          const bytes scale = _mm512_permutexvar_epi16(place, headers.scales[j][r / 2]);
          LT_UNROLL
          for (int t = 0; t < T; ++t) {
            const int8_t* q = x[t * quads_a_token].block[i].nibbles + j * 128;
            const dots lo = dot(zero_dots(), low, load_bytes(q)), hi = dot(zero_dots(), high, load_bytes(q + 64));
            s[t][r] = add_scaled_quads(s[t][r], lo, hi, scale);
          }
        }
      }
      for (int t = 0; t < T; ++t) sums[t][i] = sum_quads_of_four(s[t]);
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      floats v = mul_floats(headers.d, to_floats(sum_lanes_of_four(sums[t])));
      v = _mm512_fnmadd_ps(headers.dmin, to_floats(headers.with_sums(x)), v);
      acc[t] = fma_floats(v, spread_lanes(load_float4(x->d)), acc[t]);
    }
  }

  // Out of line: most rows have none, and their loop keeps its registers.
  template <int T>
  LT_OUTLINED static void tail(floats (&acc)[T], const uint8_t* const (&w)[4], const Quad256* x, int64_t quads_a_token, int64_t left,
                               int64_t ahead) {
    if (left == 1) return blocks<1, T>(acc, w, x, quads_a_token, ahead);
    if (left == 2) return blocks<2, T>(acc, w, x, quads_a_token, ahead);
    blocks<3, T>(acc, w, x, quads_a_token, ahead);
  }

  template <int T>
  static void rows(float (&v)[4][T], const uint8_t* (&w)[4], const Quad256* x, int64_t quads_a_token, int64_t left, int64_t ahead) {
    floats acc[T];
    for (floats& a : acc) a = zero_floats();
    for (; left >= 4; left -= 4, ++x) {
      blocks<4, T>(acc, w, x, quads_a_token, ahead);
      LT_UNROLL
      for (int r = 0; r < 4; ++r) w[r] += 4 * C::block_bytes;
    }
    if (left) tail<T>(acc, w, x, quads_a_token, left, ahead);
    float4 chains[4][T];
    chains_of_four(chains, acc);
    for (int r = 0; r < 4; ++r)
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(chains[r][t]);
  }
};

}  // namespace lt::cpu::LT_ISA
