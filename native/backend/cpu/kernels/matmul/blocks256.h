// Weight types of 256-value blocks. Per output, four chains c = block mod 4, each ascending from +0:
//   v = d_w * float(S)                   S = sum over sub-blocks of scale * (codes . q_x), exact
//   v = fma(-dmin_w, float(M), v)        M = sum over sub-blocks of min * (sum of q_x), exact; types with minimums
//   acc_c = fma(v, d_x, acc_c)
// and the result is (acc_0 + acc_1) + (acc_2 + acc_3), + bias.
//
// A type W gives: block_bytes; sub_blocks (8 or 16) of steps (8 or 4) times 4 values; offset of the codes (0 or 32; 128: signed bytes, as
// to_dot8 leaves them; 64: signed ones within +-64 where sums of dots are int16, of which each holds one step); has_min; folded, where
// codes have their scale in them; and
//   blocks<N, T>(acc, w, x, quads)       the first N of four blocks of a row with T tokens, whose blocks are `quads` apart
//   unpack(record, rows, offset, r, ahead)  vector r of a record, with unpack_calls of ahead
#pragma once
#include "backend/cpu/kernels/matmul/rows.h"

namespace lt::cpu::LT_ISA {

// Where things lie in a record, in vectors: per sub-block the codes [steps][tile_rows] and, where they are not folded, the scales
// [tile_rows]; then the minimums, d [tile_rows], -dmin [tile_rows]. Minimums are int16 pairs [4][tile_rows] of eight sub-blocks, of
// sixteen [16][tile_rows] as scales are, and dmin then without its sign.
// Steps that a sum of dots holds, where those of a sub-block are too many for int16.
template <class W>
constexpr int steps_together = [] {
  if constexpr (requires { W::steps_together; })
    return W::steps_together;
  else
    return W::steps;
}();

// Whether a record has the upper nibbles of codes plus 128, then the lower ones of each sub-block of 32, and scales also as minimums are.
template <class W>
constexpr bool halved_codes = requires { W::halved_codes; };

template <class W>
struct Record256 {
  static constexpr int sub_block = ((halved_codes<W> ? 2 : 1) * W::steps + !W::folded) * tile_rows;
  static constexpr int minimums = W::sub_blocks * sub_block;
  static constexpr int d = minimums + (W::has_min || halved_codes<W> ? (W::sub_blocks == 16 ? 16 : 4) * tile_rows : 0);
  static constexpr int negative_dmin = d + tile_rows;
  static constexpr int vectors = d + (W::has_min ? 2 : 1) * tile_rows;

  static uint8_t* codes(uint8_t* record, int sub, int step, int r) {
    return record + (sub * sub_block + step * tile_rows + r) * vector_bytes;
  }
  static uint8_t* scale(uint8_t* record, int sub, int r) { return codes(record, sub, W::steps, r); }
};

// W::blocks of types without minimums: W gives d_of(w), the half of a block; and factor, a half that d is to be multiplied by, exactly.
// one(w, x, apart, s, i) puts the scaled dot products of block i and T tokens, `apart` bytes from one to the next, into s[t][i].
template <class W, int N, int T, class One>
void add_blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token, One one) {
  ints s[T][4];
  if constexpr (N < 4) {  // absent ones add -0, which changes no sum
    for (int t = 0; t < T; ++t)
      for (int i = N; i < 4; ++i) s[t][i] = zero_ints();
  }
  uint64_t d = 0x8000800080008000;
  LT_UNROLL
  for (int i = 0; i < N; ++i, w += W::block_bytes) {
    one(w, &x->block[i], quads_a_token * int64_t(sizeof(Quad256)), s, i);
    d = (d & ~(uint64_t(0xffff) << 16 * i)) | uint64_t(W::d_of(w)) << 16 * i;
  }
  float4 scale = halfs_to_float4(d);
  if constexpr (W::factor != 0x3c00) scale = mul_float4(scale, halfs_to_float4(0x0001000100010001 * W::factor));
  LT_UNROLL
  for (int t = 0; t < T; ++t, x += quads_a_token) {
    const float4 v = mul_float4(scale, to_float4(sum_each(s[t][0], s[t][1], s[t][2], s[t][3])));
    acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
  }
}

template <class W>
struct Blocks256 {
  using Record = Record256<W>;
  static constexpr int values = 256;
  static constexpr bool waits = false;  // for memory: sums take about as long
  static constexpr int block_bytes = W::block_bytes;
  static constexpr int head_halfs = 1;
  static constexpr int record_bytes = Record::vectors * vector_bytes;
  static constexpr int64_t token_bytes = tile_bytes_256;
  static constexpr int unpack_calls = W::unpack_calls * tile_rows;

  static void heads(uint16_t*, const uint8_t* const*, int64_t) {}

  static void unpack(uint8_t* record, const uint16_t*, const uint8_t* const* rows, int64_t b, Ahead& ahead) {
    for (int r = 0; r < tile_rows; ++r) W::unpack(record, rows + r * lanes, size_t(b) * block_bytes, r, ahead);
    for (int j = 0; j < W::sub_blocks; ++j) join_steps(record + j * Record::sub_block * vector_bytes, W::steps);
  }

  template <class V>
  static V* at(const uint8_t* record, int vector) {
    return reinterpret_cast<V*>(record + vector * vector_bytes);
  }
  template <int T>
  static int32_t pair_sums(const uint8_t* a, int i, int t) {
    return int32_t(load32(a + ((80 + i) * T + t) * 4));
  }

  // What sub-block j starts from with an offset of 32: that of each sixteen is in the tile.
  template <int T>
  static const int32_t* starts(const uint8_t* a, int j) {
    return reinterpret_cast<const int32_t*>(a) + (64 + j * (W::steps / 4)) * T;
  }
  template <int T>
  static dots start_32(const int32_t* start) {
    if constexpr (W::steps == 4) return start_dots(*start);
    return add_dots(start_dots(*start), start_dots(start[T]));
  }
  // -128 * sum of q: four times that.
  template <int T>
  static int32_t start_of_signed(const int32_t* start) {
    if constexpr (W::steps == 4) return 4 * *start;
    return 4 * (start[0] + start[T]);
  }

  // total += scale * (codes . q_x) of sub-block j.
  template <int R, int T>
  static void sub_block(ints (&total)[R][T], int j, const uint8_t* w, const uint8_t* a) {
    constexpr int together = steps_together<W>;
    static_assert(together == W::steps || W::offset == 0);
    const int32_t* start = starts<T>(a, j);
    const auto step = [](dots sum, bytes codes, bytes x) { return W::offset == 128 ? dot8(sum, codes, x) : dot(sum, codes, x); };
    LT_UNROLL
    for (int k = 0; k < W::steps; k += together) {
      dots s[R][T];
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        LT_UNROLL
        for (int r = 0; r < R; ++r) s[r][t] = zero_dots();
      }
      add_steps<together>(s, w + (j * Record::sub_block + k * tile_rows) * vector_bytes, a + (j * W::steps + k) * T * 4, step);
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        LT_UNROLL
        for (int r = 0; r < R; ++r) {
          const ints scale = load_ints(w + (j * Record::sub_block + W::steps * tile_rows + r) * vector_bytes);
          if constexpr (W::offset == 128) {
            const ints sum = offset8 == 128 ? add_ints(s[r][t], splat_int(start_of_signed<T>(start + t))) : s[r][t];
            total[r][t] = add_ints(total[r][t], mul_ints(sum, scale));
          } else {
            total[r][t] = add_scaled(total[r][t], W::offset == 32 ? add_dots(s[r][t], start_32<T>(start + t)) : s[r][t], scale);
          }
        }
      }
    }
  }

  // The same of codes plus 64, the scale of each step by itself: 2 * 128 * 127 < 2^15. What they start from is twice that of 32.
  template <int R, int T>
  static void sub_block_of_64(ints (&total)[R][T], int j, const uint8_t* w, const uint8_t* a) {
    const int32_t* start = starts<T>(a, j);
    ints scale[R];
    LT_UNROLL
    for (int r = 0; r < R; ++r) {
      scale[r] = load_ints(w + (j * Record::sub_block + W::steps * tile_rows + r) * vector_bytes);
      const ints twice = as_ints(shl_words<1>(as_bytes(scale[r])));
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        LT_UNROLL
        for (int i = 0; i < W::steps / 4; ++i) total[r][t] = add_scaled(total[r][t], start_dots(start[i * T + t]), twice);
      }
    }
    LT_UNROLL
    for (int k = 0; k < W::steps; ++k) {
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const bytes x = repeat_four(a + q_at(j * W::steps + k, T, t));
        LT_UNROLL
        for (int r = 0; r < R; ++r) {
          const bytes codes = load_bytes(w + (j * Record::sub_block + k * tile_rows + r) * vector_bytes);
          total[r][t] = add_scaled(total[r][t], dot(zero_dots(), codes, x), scale[r]);
          pin(total[r][t]);
        }
      }
    }
  }

  // The same of codes that are multiplied already.
  template <int R, int T>
  static void folded_sub_block(ints (&total)[R][T], int j, const uint8_t* w, const uint8_t* a) {
    const auto step = [](ints sum, bytes codes, bytes x) { return dot8(sum, codes, x); };
    add_steps<W::steps>(total, w + j * Record::sub_block * vector_bytes, a + j * W::steps * T * 4, step);
  }

  // v less dmin times the products of sixteen minimums: what codes of an offset of 32 start from is -32 times the sums of q.
  template <int R, int T>
  static void take_sixteen(floats (&v)[R][T], const uint8_t* w, const uint8_t* a) {
    ints m[R][T];
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) m[r][t] = zero_ints();
    }
    LT_ROLLED
    for (int j = 0; j < 16; ++j) {
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const dots start = start_dots(starts<T>(a, j)[t]);
        LT_UNROLL
        for (int r = 0; r < R; ++r)
          m[r][t] = add_scaled(m[r][t], start, load_ints(at<const uint8_t>(w, Record::minimums + j * tile_rows + r)));
      }
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r)
        v[r][t] = fma_floats(load_floats(at<const float>(w, Record::negative_dmin + r)), to_floats(sra_ints<5>(m[r][t])), v[r][t]);
    }
  }

  // The products of eight minimums, or of what lies there, with the sums of q.
  template <int T>
  static ints with_sums(const uint8_t* w, const uint8_t* a, int r, int t) {
    ints m = zero_ints();
    LT_UNROLL
    for (int i = 0; i < 4; ++i)
      m = dot2(m, load_ints(at<const uint8_t>(w, Record::minimums + i * tile_rows + r)), splat_int(pair_sums<T>(a, i, t)));
    return m;
  }

  // Of halved codes: sums of both halves are int16, 15 * 127 * 16 < 2^15. Out of line, a vector of rows after the other: registers are few.
  template <int T>
  LT_OUTLINED static void block_of_halves(floats (&acc)[tile_rows][T], const uint8_t* w, const uint8_t* a) {
    LT_UNROLL
    for (int r = 0; r < tile_rows; ++r) {
      ints total[T];
      LT_UNROLL
      for (int t = 0; t < T; ++t) total[t] = zero_ints();
      LT_ROLLED
      for (int j = 0; j < 8; ++j) {
        const uint8_t* const codes = w + (j * Record::sub_block + r) * vector_bytes;
        dots upper[T], lower[T];
        LT_UNROLL
        for (int t = 0; t < T; ++t) upper[t] = lower[t] = zero_dots();
        LT_UNROLL
        for (int k = 0; k < 8; ++k) {
          const bytes first = load_bytes(codes + k * tile_rows * vector_bytes),
                      second = load_bytes(codes + (8 + k) * tile_rows * vector_bytes);
          LT_UNROLL
          for (int t = 0; t < T; ++t) {
            const bytes x = repeat_four(a + q_at(j * 8 + k, T, t));
            upper[t] = dot(upper[t], first, x), lower[t] = dot(lower[t], second, x);
            pin(upper[t]), pin(lower[t]);
          }
        }
        const ints scale = load_ints(codes + 16 * tile_rows * vector_bytes), of_upper = as_ints(shl_words<4>(as_bytes(scale)));
        LT_UNROLL
        for (int t = 0; t < T; ++t) total[t] = add_scaled(add_scaled(total[t], upper[t], of_upper), lower[t], scale);
      }
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const ints sum = add_ints(total[t], shl_ints<7>(with_sums<T>(w, a, r, t)));
        const floats v = mul_floats(load_floats(at<const float>(w, Record::d + r)), to_floats(sum));
        acc[r][t] = fma_floats(v, splat_float(reinterpret_cast<const float*>(a)[84 * T + t]), acc[r][t]);
      }
    }
  }

  // R vectors of rows of a block, the first of which is at w.
  template <int R, int T>
  static void some_rows(floats (&acc)[R][T], const uint8_t* w, const uint8_t* a) {
    ints total[R][T];
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) total[r][t] = zero_ints();
    }
    LT_ROLLED
    for (int j = 0; j < W::sub_blocks; ++j) {
      if constexpr (W::folded)
        folded_sub_block(total, j, w, a);
      else if constexpr (W::offset == 64)
        sub_block_of_64(total, j, w, a);
      else
        sub_block(total, j, w, a);
    }
    if constexpr (W::has_min && W::sub_blocks == 16) {
      floats v[R][T];
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        LT_UNROLL
        for (int r = 0; r < R; ++r) v[r][t] = mul_floats(load_floats(at<const float>(w, Record::d + r)), to_floats(total[r][t]));
      }
      take_sixteen(v, w, a);
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        LT_UNROLL
        for (int r = 0; r < R; ++r) acc[r][t] = fma_floats(v[r][t], splat_float(reinterpret_cast<const float*>(a)[84 * T + t]), acc[r][t]);
      }
      return;
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) {
        floats v = mul_floats(load_floats(at<const float>(w, Record::d + r)), to_floats(total[r][t]));
        if constexpr (W::has_min && W::sub_blocks == 8)
          v = fma_floats(load_floats(at<const float>(w, Record::negative_dmin + r)), to_floats(with_sums<T>(w, a, r, t)), v);
        acc[r][t] = fma_floats(v, splat_float(reinterpret_cast<const float*>(a)[84 * T + t]), acc[r][t]);
      }
    }
  }

  template <int T>
  static void block(floats (&acc)[tile_rows][T], const uint8_t* w, const uint8_t* a) {
    if constexpr (halved_codes<W>)
      block_of_halves<T>(acc, w, a);
    else if constexpr (rows_at_once < tile_rows)
      block_by_parts(acc, w, a);
    else
      some_rows(acc, w, a);
  }
  template <int T>
  LT_OUTLINED static void block_by_parts(floats (&acc)[tile_rows][T], const uint8_t* w, const uint8_t* a) {
    by_parts(acc, w, [&](auto& part, const uint8_t* from) { some_rows(part, from, a); });
  }

  template <int T>
  static void chain(floats (&sum)[tile_rows][T], const uint8_t*& w, const uint8_t*& a, int64_t n, Ahead& ahead) {
    for (auto& r : sum)
      for (floats& v : r) v = zero_floats();
    LT_ROLLED
    for (; n; --n, w += record_bytes, a += token_bytes * T) {
      ahead.next();
      block<T>(sum, w, a);
    }
  }

  // Out of line: most rows have none, and their loop keeps its registers.
  template <int T>
  LT_OUTLINED static void tail(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token, int64_t blocks) {
    if (blocks == 1) return W::template blocks<1, T>(acc, w, x, quads_a_token);
    if (blocks == 2) return W::template blocks<2, T>(acc, w, x, quads_a_token);
    W::template blocks<3, T>(acc, w, x, quads_a_token);
  }

  template <int R, int T>
  static void rows(float (&v)[R][T], const uint8_t* (&w)[R], const Quad256* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t) {
    float4 acc[R][T];
    for (auto& row : acc)
      for (float4& a : row) a = zero_float4();
    for (; blocks >= 4; blocks -= 4, ++x) {
      LT_ROWS
      for (int r = 0; r < R; ++r) {
        for (int i = 0; i < 4 * block_bytes; i += 64) prefetch_far(w[r] + ahead + i);
        W::template blocks<4, T>(acc[r], w[r], x, quads_a_token);
        w[r] += 4 * block_bytes;
      }
    }
    for (int r = 0; r < R; ++r) {
      for (int64_t i = 0; i < blocks * block_bytes; i += 64) prefetch_far(w[r] + ahead + i);
      if (blocks) tail<T>(acc[r], w[r], x, quads_a_token, blocks);
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(acc[r][t]);
    }
  }

#ifdef LT_ISA_AMX
  static void run(const MatmulPiece& p);
#else
  static void run_by_tile(const MatmulPiece& p) { p.x_rows <= few_rows ? run_few<Blocks256>(p) : run_panels<Blocks256>(p); }
  static void run(const MatmulPiece& p) {
    if (by_tile(p.x_rows, p.cols)) return run_by_tile(p);
    run_rows<Blocks256, Quad256>(p);
  }
#endif
};

}  // namespace lt::cpu::LT_ISA

#ifdef LT_ISA_AMX
#include "backend/cpu/kernels/matmul/amx/tiles256.h"
#endif
