// The products of a register tile. Codes lie four of k a step: a vector holds those of `lanes` rows, and a tile has tile_rows vectors a
// step; the tokens' values of a step are four bytes each. An ISA that multiplies runs of eight (simd_int.h: eights) takes two steps in one,
// with the rows of a vector, and the tokens, in pairs.
#pragma once
#include <utility>

#include "backend/cpu/kernels/activations.h"

namespace lt::cpu::LT_ISA {

// That what was written as vectors is read again from memory: GCC otherwise takes numbers out of the vectors, by shuffles.
template <class A>
inline void keep_in_memory([[maybe_unused]] A& a) {
#if defined(__GNUC__)
  asm("" : "+m"(a));
#endif
}

// That what is at p is loaded again where it is wanted: GCC otherwise keeps on the stack what was loaded before.
inline void load_anew([[maybe_unused]] const uint8_t*& p) {
#if defined(__GNUC__)
  asm("" : "+r"(p));
#endif
}

// Vectors of rows whose sums stay in registers, two for each token.
#ifdef LT_ISA_NEON
constexpr int rows_at_once = tile_rows / 2;
#else
constexpr int rows_at_once = tile_rows;
#endif

// f(part, w) for each rows_at_once of acc, w where the first of them is.
template <int T, class F>
inline void by_parts(floats (&acc)[tile_rows][T], const uint8_t* w, F f) {
  LT_ROLLED
  for (int r = 0; r < tile_rows; r += rows_at_once) {
    floats part[rows_at_once][T];
    for (int i = 0; i < rows_at_once; ++i)
      for (int t = 0; t < T; ++t) part[i][t] = acc[r + i][t];
    f(part, w + r * vector_bytes);
    for (int i = 0; i < rows_at_once; ++i)
      for (int t = 0; t < T; ++t) acc[r + i][t] = part[i][t];
  }
}

#ifdef LT_ISA_I8MM
// Two steps of each vector become one of its first pairs of rows and one of the others.
inline void join_steps(uint8_t* codes, int steps) {
  constexpr int step = tile_rows * vector_bytes;
  for (int k = 0; k < steps; k += 2, codes += 2 * step) {
    for (uint8_t* at = codes; at < codes + step; at += vector_bytes) {
      const ints a = load_ints(at), b = load_ints(at + step);
      store_ints(at, lower_lanes(a, b));
      store_ints(at + step, upper_lanes(a, b));
    }
  }
}

// s[r][t] += codes . q over n steps.
template <int n, int R, int T, class Step>
inline void add_steps(ints (&s)[R][T], const uint8_t* w, const uint8_t* q, Step) {
  static_assert(n % 2 == 0);
  constexpr int pairs = (T + 1) / 2;
  ints m[R][pairs][2];  // of two rows: both tokens of the first, both of the second
  LT_UNROLL
  for (int r = 0; r < R; ++r) {
    LT_UNROLL
    for (int p = 0; p < pairs; ++p) {
      const ints a = s[r][2 * p], b = s[r][2 * p + 1 < T ? 2 * p + 1 : 2 * p];
      m[r][p][0] = lower_lanes(a, b), m[r][p][1] = upper_lanes(a, b);
    }
  }
  LT_UNROLL
  for (int k = 0; k < n; k += 2) {
    bytes x[pairs];
    LT_UNROLL
    for (int p = 0; p < pairs; ++p) {
      const uint8_t* first = q + q_at(k, T, 2 * p);
      x[p] = 2 * p + 1 < T ? load_bytes(first) : load_eight_twice(first);
    }
    LT_UNROLL
    for (int r = 0; r < R; ++r) {
      LT_UNROLL
      for (int i = 0; i < 2; ++i) {
        const bytes codes = load_bytes(w + ((k + i) * tile_rows + r) * vector_bytes);
        LT_UNROLL
        for (int p = 0; p < pairs; ++p) m[r][p][i] = dot_pairs(m[r][p][i], codes, x[p]);
      }
    }
  }
  LT_UNROLL
  for (int r = 0; r < R; ++r) {
    LT_UNROLL
    for (int t = 0; t < T; ++t) s[r][t] = t % 2 ? odd_lanes(m[r][t / 2][0], m[r][t / 2][1]) : even_lanes(m[r][t / 2][0], m[r][t / 2][1]);
  }
}
#else
inline void join_steps(uint8_t*, int) {}

#ifdef LT_ISA_NEON
template <int T, int... t>
inline void add_step(ints (&s)[T], bytes codes, bytes x, std::integer_sequence<int, t...>) {
  ((s[t] = dot_with<t>(s[t], codes, x)), ...);
}

// s[r][t] += codes . q over n steps.
template <int n, int R, int T, class Step>
inline void add_steps(ints (&s)[R][T], const uint8_t* w, const uint8_t* q, Step) {
  LT_UNROLL
  for (int k = 0; k < n; ++k) {
    const bytes x = load_fours<T>(q + q_at(k, T, 0));
    LT_UNROLL
    for (int r = 0; r < R; ++r) add_step(s[r], load_bytes(w + (k * tile_rows + r) * vector_bytes), x, std::make_integer_sequence<int, T>());
  }
}
#else
// s[r][t] += codes . q over n steps, by step(sums, codes, q).
template <int n, int R, int T, class Sums, class Step>
inline void add_steps(Sums (&s)[R][T], const uint8_t* w, const uint8_t* q, Step step) {
  LT_UNROLL
  for (int k = 0; k < n; ++k) {
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      const bytes x = repeat_four(q + q_at(k, T, t));
      LT_UNROLL
      for (int r = 0; r < R; ++r) {
        s[r][t] = step(s[r][t], load_bytes(w + (k * tile_rows + r) * vector_bytes), x);
        pin(s[r][t]);
      }
    }
  }
}
#endif
#endif

}  // namespace lt::cpu::LT_ISA
