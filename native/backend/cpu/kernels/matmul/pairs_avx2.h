// Four blocks of two rows at once on AVX2: what is of the first row lies in the lower half of a vector, what is of the second in the
// upper one, in lane 4 r + c what is of block c of row r.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels/matmul/blocks256.h"

namespace lt::cpu::LT_ISA {

// The sums of lanes i and i + 4 of a, then of b.
inline ints add_halves(ints a, ints b) { return _mm256_add_epi32(_mm256_blend_epi32(a, b, 0xf0), _mm256_permute2x128_si256(a, b, 0x21)); }
// The sums of pairs of lanes, in each half a's before b's.
inline ints add_pairs(ints a, ints b) {
  const floats x = _mm256_castsi256_ps(a), y = _mm256_castsi256_ps(b);
  return _mm256_add_epi32(_mm256_castps_si256(_mm256_shuffle_ps(x, y, 0x88)), _mm256_castps_si256(_mm256_shuffle_ps(x, y, 0xdd)));
}

// Lane i of a half is the sum of that half of v[i].
inline ints add_four_pairs(const ints (&v)[4]) { return add_pairs(add_pairs(v[0], v[1]), add_pairs(v[2], v[3])); }

alignas(16) constexpr uint8_t low_words_first[16] = {0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15};

// Of lanes of two halfs the low and the high ones as floats.
inline void pair_halfs(floats& low, floats& high, ints halfs) {
  const bytes apart = lookup(halfs, repeat_quad(low_words_first));
  const ints both = _mm256_permute4x64_epi64(apart, 0xd8);
  low = _mm256_cvtph_ps(_mm256_castsi256_si128(both)), high = _mm256_cvtph_ps(_mm256_extracti128_si256(both, 1));
}

// The halfs that begin four blocks of two rows as floats.
template <int stride>
inline floats halfs_of_pair(const uint8_t* a, const uint8_t* b) {
  const auto four = [](const uint8_t* w) {
    int4 words = _mm_cvtsi32_si128(load16(w));
    words = _mm_insert_epi16(words, load16(w + stride), 1);
    words = _mm_insert_epi16(words, load16(w + 2 * stride), 2);
    return _mm_insert_epi16(words, load16(w + 3 * stride), 3);
  };
  return _mm256_cvtph_ps(_mm_unpacklo_epi64(four(a), four(b)));
}

inline floats repeat_float4(const float* p) { return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(p)); }

inline float4 chains_of(floats sums, int row) { return row ? _mm256_extractf128_ps(sums, 1) : _mm256_castps256_ps128(sums); }

// Blocks of 256 values, four rows at once as two pairs. P gives Header, with read(a, b) what is read of four blocks of rows a and b while
// the products of others are made; and four<T>(acc, header, a, b, x, quads_a_token, ahead), which adds these blocks to their chains.
// By tile they are Tiled.
template <class B, class P, class Tiled = B>
struct BlocksByPairs : B {
  template <int T>
  static void four_rows(float (&v)[4][T], const uint8_t* (&w)[4], const Quad256* x, int64_t quads_a_token, int64_t blocks, int64_t ahead) {
    floats acc[2][T];
    for (auto& pair : acc)
      for (floats& a : pair) a = zero_floats();
    typename P::Header first, second;
    if (blocks >= 4) first.read(w[0], w[1]);
    for (; blocks >= 4; blocks -= 4, ++x) {
      second.read(w[2], w[3]);
      P::template four<T>(acc[0], first, w[0], w[1], x, quads_a_token, ahead);
      const int64_t next = blocks >= 8 ? 4 * B::block_bytes : 0;
      first.read(w[0] + next, w[1] + next);
      P::template four<T>(acc[1], second, w[2], w[3], x, quads_a_token, ahead);
      LT_UNROLL
      for (int r = 0; r < 4; ++r) w[r] += 4 * B::block_bytes;
    }
    for (int r = 0; r < 4; ++r) {
      float4 chains[T];
      for (int t = 0; t < T; ++t) chains[t] = chains_of(acc[r / 2][t], r % 2);
      for (int64_t i = 0; i < blocks * B::block_bytes; i += 64) prefetch_far(w[r] + ahead + i);
      if (blocks) B::template tail<T>(chains, w[r], x, quads_a_token, blocks);
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(chains[t]);
    }
  }

  template <int R, int T>
  static void rows(float (&v)[R][T], const uint8_t* (&w)[R], const Quad256* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t after) {
    if constexpr (R == 4)
      four_rows<T>(v, w, x, quads_a_token, blocks, ahead);
    else
      B::template rows<R, T>(v, w, x, quads_a_token, blocks, ahead, after);
  }

  static void run(const MatmulPiece& p) {
    if (by_tile(p.x_rows, p.cols)) return Tiled::run_by_tile(p);
    run_rows<BlocksByPairs, Quad256>(p);
  }
};

// Fetches part i of four, and what is over of the last, of the four blocks to come of two rows; each part has its share between sums, since
// many at once wait for each other.
template <int block_bytes>
struct FetchPairs {
  static constexpr int lines = (4 * block_bytes + 63) / 64, each = lines / 4;
  const uint8_t *a, *b;
  void line(int i) const { prefetch_far(a + i * 64), prefetch_far(b + i * 64); }
  void rest() const {
    for (int i = 4 * each; i < lines; ++i) line(i);
  }
};

}  // namespace lt::cpu::LT_ISA
