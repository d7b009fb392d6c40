// Q2_K: u8 scales[16], of four bits, the minimums above them; u8 codes[64], two bits each; f16 d; f16 dmin. Sixteen sub-blocks; bits 2n of
// byte 32h + l are value 128h + 32n + l.
#include "backend/cpu/kernels/matmul/sixteen_scales.h"
#ifdef LT_ISA_AVX512
#include "backend/cpu/kernels/matmul/q2_k_avx512.h"
#endif
#if defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
#include "backend/cpu/kernels/matmul/q2_k_avx2.h"
#endif

namespace lt::cpu::LT_ISA {
namespace {

// Pairs are multiplied where they are, as 1, 4 and 16 times themselves; the fourth is moved to where the third was. Scales make it 16 times
// in all.
#define LT_32(v) v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v
alignas(64) constexpr uint8_t first_pairs[64] = {LT_32(0x03), LT_32(0x0c)};
#undef LT_32
#ifdef LT_ISA_NEON
alignas(16) constexpr int32_t make_sixteen_lanes[4] = {16, 16, 4, 4};
#else
#define LT_QUAD_OF(a, b) a, a, a, a, b, b, b, b
alignas(64) constexpr int16_t make_sixteen[32] = {LT_QUAD_OF(16, 1), LT_QUAD_OF(16, 1), LT_QUAD_OF(4, 1), LT_QUAD_OF(4, 1)};
#undef LT_QUAD_OF
#endif

struct Q2_K {
  using Record = Record256<Q2_K>;
  static constexpr int block_bytes = 84, sub_blocks = 16, steps = 4, unpack_calls = 4;
  [[maybe_unused]] static constexpr int offset = 0;  // of codes that have no scale in them
  static constexpr bool has_min = true, folded = wide_dots;

  // Of a block and T tokens, `apart` bytes from one to the next: s 16 times the scaled dot products, m those of the minimums,
  // negative.
  template <int T>
  static void one(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], ints (*m)[4], int i) {
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    const bytes packed = repeat_quad(w), table = and_bytes(packed, splat_byte(15));
    const bytes minimums = high_nibbles(packed);
    for (int t = 0; t < T; ++t) {
      s[t][i] = zero_ints();
      m[t][i] = dot_i8_i16(zero_ints(), minimums, token(t)->negative_sum16);
    }
#ifdef LT_ISA_NEON
    SixteenLanes lane(table);
    for (int k = 0; k < 4; k += 2) lane.scale[k] = mul_ints(lane.scale[k], load_ints(make_sixteen_lanes));
#endif
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      const int half = j / vectors_64, v = j % vectors_64;
      const uint8_t* codes = w + 16 + 32 * half;
      const bytes low = and_bytes(shr_twice<0, 0>(codes, v), load_bytes(first_pairs + v * vector_bytes));
      const bytes high = and_bytes(shr_twice<0, 2>(codes, v), splat_byte(0x30));
#ifndef LT_ISA_NEON
      const bytes scale =
          mul_words(lookup(table, load_bytes(&expand_sizes[0][0] + j * vector_bytes)), load_bytes(make_sixteen + v * vector_bytes / 2));
#endif
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = token(t)->q + half * 128 + v * vector_bytes;
        const dots lo = dot(zero_dots(), low, load_bytes(q)), hi = dot(zero_dots(), high, load_bytes(q + 64));
#ifdef LT_ISA_NEON
        s[t][i] = lane.add(s[t][i], lo, hi, j);
#else
        s[t][i] = add_scaled_quads(s[t][i], lo, hi, scale);
#endif
      }
    }
  }

  // The first N of four blocks of a row; absent ones add -0, which changes no sum.
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    ints s[T][4], m[T][4];
    if constexpr (N < 4) {
      for (int t = 0; t < T; ++t)
        for (int i = N; i < 4; ++i) s[t][i] = m[t][i] = zero_ints();
    }
    uint64_t d = 0x8000800080008000, dmin = d;
    LT_UNROLL
    for (int i = 0; i < N; ++i, w += block_bytes) {
      one<T>(w, &x->block[i], quads_a_token * int64_t(sizeof(Quad256)), s, m, i);
      const uint64_t rest = ~(uint64_t(0xffff) << 16 * i);
      d = (d & rest) | uint64_t(load16(w + 80)) << 16 * i;
      dmin = (dmin & rest) | uint64_t(load16(w + 82)) << 16 * i;
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      const float4 sixteenth = mul_float4(halfs_to_float4(d), halfs_to_float4(0x2c002c002c002c00));
      float4 v = mul_float4(sixteenth, to_float4(sum_each(s[t][0], s[t][1], s[t][2], s[t][3])));
      v = fma_float4(halfs_to_float4(dmin), to_float4(sum_each(m[t][0], m[t][1], m[t][2], m[t][3])), v);
      acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
    }
  }

  // Of sub-blocks 4 i and on: scales in codes or beside them, and minimums.
  static void unpack_scales(uint8_t* record, ints packed, ints (&scale)[16], int i, int r) {
    const ints low = splat_int(15), shifted[4] = {packed, shr_ints<8>(packed), shr_ints<16>(packed), shr_ints<24>(packed)};
    for (int j = 0; j < 4; ++j) {
      scale[4 * i + j] = and_ints(shifted[j], low);
      if constexpr (!folded) store_ints(Record::scale(record, 4 * i + j, r), scale_lanes(scale[4 * i + j]));
      store_ints(record + (Record::minimums + (4 * i + j) * tile_rows + r) * vector_bytes,
                 scale_lanes(and_ints(shr_ints<4>(shifted[j]), low)));
    }
  }

  // Codes of a dword times its row's scale: they are at most 45, so no product reaches the next byte.
  static bytes code(bytes two, ints scale) {
    const bytes codes = and_bytes(two, splat_byte(3));
    if constexpr (folded) return as_bytes(mul_ints(as_ints(codes), scale));
    return codes;
  }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    bytes x[4];
    ints scale[16];
    load_columns(x, rows, offset_in_row);
    for (int i = 0; i < 4; ++i) unpack_scales(record, as_ints(x[i]), scale, i, r);
    load_columns(x, rows, offset_in_row + 68);  // the last four bytes are d and dmin
    const auto put = [&](int at, ints half) {
      store_floats(reinterpret_cast<float*>(record + (at + r) * vector_bytes), halfs_to_floats(half));
    };
    put(Record::d, as_ints(x[3]));
    put(Record::negative_dmin, shr_ints<16>(as_ints(x[3])));
    for (int c = 0; c < 4; ++c) {  // 16 bytes: of half c / 2, sub-blocks c % 2, c % 2 + 2, c % 2 + 4, c % 2 + 6
      ahead.next();
      load_columns(x, rows, offset_in_row + 16 + size_t(c) * 16);
      const int first = c / 2 * 8 + c % 2;
      for (int k = 0; k < 4; ++k) {
        store_bytes(Record::codes(record, first, k, r), code(x[k], scale[first]));
        store_bytes(Record::codes(record, first + 2, k, r), code(shr_words<2>(x[k]), scale[first + 2]));
        store_bytes(Record::codes(record, first + 4, k, r), code(shr_words<4>(x[k]), scale[first + 4]));
        store_bytes(Record::codes(record, first + 6, k, r), code(shr_words<6>(x[k]), scale[first + 6]));
      }
    }
  }
};

#ifdef LT_ISA_AVX512
struct RowsQ2K : Q2_K {
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    blocks_q2_k<N, T>(acc, w, x, quads_a_token);
  }
};
using BlocksQ2K = Blocks256<RowsQ2K>;
#elif defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
using RowsQ2K = Q2_K;
using FourQ2K = PairsOfSixteen<PairsQ2K>;
using BlocksQ2K = BlocksByPairs<Blocks256<RowsQ2K>, FourQ2K>;
#else
using RowsQ2K = Q2_K;
using BlocksQ2K = Blocks256<RowsQ2K>;
#endif

}  // namespace

extern const MatmulKernel matmul_q2_k = {10, Format::q8_256, group_rows, BlocksQ2K::run};

}  // namespace lt::cpu::LT_ISA
