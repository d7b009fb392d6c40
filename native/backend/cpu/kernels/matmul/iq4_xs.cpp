// IQ4_XS: f16 d; u16 high bits of scales; u8 low bits[4]; u8 nibbles[128], each the number of a level. Eight sub-blocks of 32 with 6-bit
// scales, less 32; value j of a sub-block is in the low, value j + 16 in the high nibble of its byte j.
#include <array>
#include <utility>

#include "backend/cpu/kernels/matmul/blocks256.h"
#include "backend/cpu/kernels/matmul/levels.h"
#ifdef LT_ISA_AVX512
#include "backend/cpu/kernels/matmul/iq4_xs_avx512.h"
#endif
#if defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
#include "backend/cpu/kernels/matmul/iq4_xs_avx2.h"
#endif

namespace lt::cpu::LT_ISA {
namespace {

// The scale of each four bytes of nibbles, as the high byte of an int32.
[[maybe_unused]] alignas(64) constexpr std::array<uint8_t, 128> expand_iq4_xs = [] {
  std::array<uint8_t, 128> index{};
  for (size_t i = 0; i < 128; ++i) index[i] = static_cast<uint8_t>(i % 4 == 3 ? i / 16 : 255);
  return index;
}();

struct IQ4_XS {
  static constexpr int block_bytes = 136, sub_blocks = 8, steps = 8;
  [[maybe_unused]] static constexpr int offset = 128, unpack_calls = 8;
  static constexpr bool has_min = false, folded = false;

  static bytes level(bytes nibbles) { return lookup(to_dot8(repeat_quad(Iq4Levels::levels)), nibbles); }

  // The eight scales before 32 is taken away, a byte each.
  static uint64_t scales_of(const uint8_t* w) {
    uint64_t low = load32(w + 4), high = load16(w + 2);
    low = (low | low << 16) & 0x0000ffff0000ffff;
    low = (low | low << 8) & 0x00ff00ff00ff00ff;
    low = (low | low << 4) & 0x0f0f0f0f0f0f0f0f;
    high = (high | high << 24) & 0x000000ff000000ff;
    high = (high | high << 12) & 0x000f000f000f000f;
    high = (high | high << 6) & 0x0303030303030303;
    return low | high << 4;
  }

  // Of a block and T tokens, `apart` bytes from one to the next: s the scaled dot products; m, where to_dot8 adds 128, the sum of
  // -scale * (sum of q).
  template <int T>
  static void one(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], int4 (*m)[4], int i) {
    constexpr uint64_t top = 0x8080808080808080, middle = 0x2020202020202020;
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    const uint64_t scales = scales_of(w);
    const bytes table = repeat_u64(((scales | top) - middle) ^ top);
#ifdef LT_ISA_NEON
    ints scale[4];
    widen_bytes(scale, table);
#endif
    const uint64_t negative = (top + middle - scales) ^ top;
    for (int t = 0; t < T; ++t) {
      s[t][i] = zero_ints();
      m[t][i] = offset8 == 128 ? dot_s8_i16(negative, token(t)->sum32) : zero_int4();
    }
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      const bytes packed = load_bytes(w + 8 + j * vector_bytes), mask = splat_byte(15);
      const bytes low = level(and_bytes(packed, mask)), high = level(high_nibbles(packed));
#ifndef LT_ISA_NEON
      const ints scale = sra_ints<24>(as_ints(lookup(table, load_bytes(expand_iq4_xs.data() + j * vector_bytes))));
#endif
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = token(t)->halves + j / vectors_64 * 128 + j % vectors_64 * vector_bytes;
        const ints sum = dot8(dot8(zero_ints(), low, load_bytes(q)), high, load_bytes(q + 64));
#ifdef LT_ISA_NEON
        s[t][i] = add_scaled_by(s[t][i], sum, scale[j / 4], j % 4);
        pin(s[t][i]);
#else
        s[t][i] = add_ints(s[t][i], mul_ints(sum, scale));
#endif
      }
    }
  }

  // The first N of four blocks of a row; absent ones add -0, which changes no sum.
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    ints s[T][4];
    int4 m[T][4];
    if constexpr (N < 4) {
      for (int t = 0; t < T; ++t)
        for (int i = N; i < 4; ++i) s[t][i] = zero_ints(), m[t][i] = zero_int4();
    }
    uint64_t d = 0x8000800080008000;
    LT_UNROLL
    for (int i = 0; i < N; ++i, w += block_bytes) {
      one<T>(w, &x->block[i], quads_a_token * int64_t(sizeof(Quad256)), s, m, i);
      d = (d & ~(uint64_t(0xffff) << 16 * i)) | uint64_t(load16(w)) << 16 * i;
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      int4 sum = sum_each(s[t][0], s[t][1], s[t][2], s[t][3]);
      if constexpr (offset8 == 128) sum = add_int4(sum, shl_int4<7>(sum_each(m[t][0], m[t][1], m[t][2], m[t][3])));
      acc[t] = fma_float4(mul_float4(halfs_to_float4(d), to_float4(sum)), load_float4(x->d), acc[t]);
    }
  }

  template <int n>
  static ints shifted(ints a) {
    if constexpr (n > 0) return shr_ints<n>(a);
    return a;
  }
  template <int k>
  static ints unpacked_scale(ints high, ints low) {
    return add_ints(or_ints(and_ints(shifted<4 * k>(low), splat_int(15)), shl_ints<4>(and_ints(shifted<2 * k>(high), splat_int(3)))),
                    splat_int(-32));
  }
  template <class Put, int... k>
  static void unpack_scales(ints high, ints low, Put put, std::integer_sequence<int, k...>) {
    (put(k, unpacked_scale<k>(high, low)), ...);
  }

  // put(k, scale) for each sub-block; the floats of d.
  template <class Put>
  static floats unpack_header(const uint8_t* const* rows, size_t offset_in_row, Put put) {
    bytes x[4];
    load_columns(x, rows, offset_in_row);
    unpack_scales(shr_ints<16>(as_ints(x[0])), as_ints(x[1]), put, std::make_integer_sequence<int, sub_blocks>());
    return halfs_to_floats(as_ints(x[0]));
  }
  // put(c, k, nibbles): of sub-block c, from 4 k on.
  template <class Put>
  static void unpack_to(const uint8_t* const* rows, size_t offset_in_row, Ahead& ahead, Put put) {
    const bytes mask = splat_byte(15);
    for (int c = 0; c < sub_blocks; ++c) {
      ahead.next();
      bytes x[4];
      load_columns(x, rows, offset_in_row + 8 + size_t(c) * 16);
      for (int k = 0; k < 4; ++k) {
        put(c, k, and_bytes(x[k], mask));
        put(c, 4 + k, and_bytes(shr_words<4>(x[k]), mask));
      }
    }
  }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    using Record = Record256<IQ4_XS>;
    const floats d = unpack_header(rows, offset_in_row, [&](int k, ints scale) { store_ints(Record::scale(record, k, r), scale); });
    store_floats(reinterpret_cast<float*>(record + (Record::d + r) * vector_bytes), d);
    unpack_to(rows, offset_in_row, ahead, [&](int c, int k, bytes n) { store_bytes(Record::codes(record, c, k, r), level(n)); });
  }
};

#ifdef LT_ISA_AVX512
struct RowsIq4Xs : IQ4_XS {
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    blocks_iq4_xs<N, T>(acc, w, x, quads_a_token);
  }
};
using BlocksIq4Xs = Blocks256<RowsIq4Xs>;
#elif defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
struct HalvedIq4Xs {
  static constexpr int block_bytes = 136, sub_blocks = 8, steps = 8, unpack_calls = 8;
  static constexpr bool has_min = false, folded = false, halved_codes = true;

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    using Record = Record256<HalvedIq4Xs>;
    ints scales[sub_blocks];
    const floats d = IQ4_XS::unpack_header(rows, offset_in_row, [&](int k, ints scale) { scales[k] = scale; });
    store_floats(reinterpret_cast<float*>(record + (Record::d + r) * vector_bytes), d);
    for (int i = 0; i < sub_blocks; ++i) store_ints(Record::codes(record, i, 16, r), scale_lanes(scales[i]));
    for (int i = 0; i < 4; ++i) {  // of -scale
      const ints pair = or_ints(and_ints(scales[2 * i], splat_int(0xffff)), shl_ints<16>(scales[2 * i + 1]));
      store_ints(record + (Record::minimums + i * tile_rows + r) * vector_bytes, _mm256_sub_epi16(zero_ints(), pair));
    }
    const bytes all = add_bytes(repeat_quad(Iq4Levels::levels), splat_byte(-128)), mask = splat_byte(15);
    const bytes upper = and_bytes(shr_words<4>(all), mask), lower = and_bytes(all, mask);
    IQ4_XS::unpack_to(rows, offset_in_row, ahead, [&](int c, int k, bytes nibbles) {
      store_bytes(Record::codes(record, c, k, r), lookup(upper, nibbles));
      store_bytes(Record::codes(record, c, 8 + k, r), lookup(lower, nibbles));
    });
  }
};
using BlocksIq4Xs = BlocksByPairs<Blocks256<IQ4_XS>, PairsIq4Xs, Blocks256<HalvedIq4Xs> >;
#else
using BlocksIq4Xs = Blocks256<IQ4_XS>;
#endif

}  // namespace

extern const MatmulKernel matmul_iq4_xs = {23, Format::q8_256, group_rows, BlocksIq4Xs::run};

}  // namespace lt::cpu::LT_ISA
