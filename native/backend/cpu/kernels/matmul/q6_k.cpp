// Q6_K: u8 ql[128]; u8 qh[64]; i8 scales[16]; f16 d. Sixteen sub-blocks of 16, codes less 32.
#include "backend/cpu/kernels/matmul/blocks256.h"

namespace lt::cpu::LT_ISA {
namespace {

// The scales of 128 values, as the high bytes of int16: in quad i, four times that of values 16 i and four times that of 64 + 16 i.
#define LT_PAIR(s) 255, s
#define LT_QUAD(a, b) LT_PAIR(a), LT_PAIR(a), LT_PAIR(a), LT_PAIR(a), LT_PAIR(b), LT_PAIR(b), LT_PAIR(b), LT_PAIR(b)
alignas(64) constexpr uint8_t expand[2][64] = {
    {LT_QUAD(0, 4), LT_QUAD(1, 5), LT_QUAD(2, 6), LT_QUAD(3, 7)},
    {LT_QUAD(8, 12), LT_QUAD(9, 13), LT_QUAD(10, 14), LT_QUAD(11, 15)},
};

struct Q6_K {
  static constexpr int block_bytes = 210, sub_blocks = 16, steps = 4, offset = 32, unpack_calls = 8;
  static constexpr bool has_min = false;

  // The codes of ql and of two bits of qh moved to bits 4 and 5.
  static bytes low_nibbles(bytes ql, bytes high) { return or_bytes(and_bytes(ql, splat_byte(0x0f)), and_bytes(high, splat_byte(0x30))); }
  static bytes high_nibbles(bytes ql, bytes high) { return low_nibbles(shr_words<4>(ql), high); }

  // Of block i and T tokens, `apart` bytes from one to the next: s[t][i] = sum scale * (code . q) - 32 * sum scale * (sum of q).
  template <int T>
  static void one(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], int i) {
    const uint8_t* scales = w + 192;
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    for (int t = 0; t < T; ++t) s[t][i] = shl_ints<5>(dot_i8_i16(zero_ints(), scales, token(t)->negative_sum16));
    const bytes table = repeat_quad(scales);
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      const int half = j / vectors_64, v = j % vectors_64;
      const bytes ql = load_bytes(w + half * 64 + v * vector_bytes);
      bytes first, second;
      spread_pairs(w + 128 + half * 32, v, first, second);
      const bytes low = low_nibbles(ql, first), high = high_nibbles(ql, second);
      const bytes scale = sra_words<8>(lookup(table, load_bytes(&expand[0][0] + j * vector_bytes)));
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = token(t)->q + half * 128 + v * vector_bytes;
        const dots lo = dot(zero_dots(), low, load_bytes(q)), hi = dot(zero_dots(), high, load_bytes(q + 64));
        s[t][i] = add_scaled_quads(s[t][i], lo, hi, scale);
      }
    }
  }

  // The first N of four blocks of a row; absent ones add -0, which changes no sum.
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    ints s[T][4];
    if constexpr (N < 4) {
      for (int t = 0; t < T; ++t)
        for (int i = N; i < 4; ++i) s[t][i] = zero_ints();
    }
    uint64_t d = 0x8000800080008000;
    LT_UNROLL
    for (int i = 0; i < N; ++i, w += block_bytes) {
      one<T>(w, &x->block[i], quads_a_token * int64_t(sizeof(Quad256)), s, i);
      d = (d & ~(uint64_t(0xffff) << 16 * i)) | uint64_t(load16(w + 208)) << 16 * i;
    }
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      const float4 v = mul_float4(halfs_to_float4(d), to_float4(sum_each(s[t][0], s[t][1], s[t][2], s[t][3])));
      acc[t] = fma_float4(v, load_float4(x->d), acc[t]);
    }
  }

  static void load_columns(bytes x[4], const uint8_t* const* rows, size_t offset) {
    for (int i = 0; i < 4; ++i) x[i] = load_quad_rows(rows + i, offset);
    transpose(x);
  }

  static void unpack_scales(uint8_t* record, const uint8_t* const* rows, size_t offset, int r) {
    bytes x[4];
    load_columns(x, rows, offset + 192);
    for (int i = 0; i < 4; ++i) {
      const ints s = as_ints(x[i]);
      const auto put = [&](int j, ints scale) {
        store_ints(Record256<Q6_K>::scale(record, 4 * i + j, r), scale_lanes(sra_ints<24>(scale)));
      };
      put(0, shl_ints<24>(s));
      put(1, shl_ints<16>(s));
      put(2, shl_ints<8>(s));
      put(3, s);
    }
    load_columns(x, rows, offset + 194);  // the last two bytes are d
    const floats d = halfs_to_floats(shr_ints<16>(as_ints(x[3])));
    store_floats(reinterpret_cast<float*>(record + (Record256<Q6_K>::d + r) * vector_bytes), d);
  }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset, int r, Ahead& ahead) {
    unpack_scales(record, rows, offset, r);
    for (int half = 0; half < 2; ++half) {
      for (int c = 0; c < 2; ++c) {  // 16 columns of 32: sub-blocks c, c + 2, c + 4, c + 6 of the half
        bytes l0[4], l1[4], h[4];
        ahead.next();
        load_columns(l0, rows, offset + size_t(half) * 64 + size_t(c) * 16);
        load_columns(l1, rows, offset + size_t(half) * 64 + 32 + size_t(c) * 16);
        ahead.next();
        load_columns(h, rows, offset + 128 + size_t(half) * 32 + size_t(c) * 16);
        for (int k = 0; k < 4; ++k) {
          const auto put = [&](int n, bytes v) { store_bytes(Record256<Q6_K>::codes(record, half * 8 + 2 * n + c, k, r), v); };
          put(0, low_nibbles(l0[k], shl_words<4>(h[k])));
          put(1, low_nibbles(l1[k], shl_words<2>(h[k])));
          put(2, high_nibbles(l0[k], h[k]));
          put(3, high_nibbles(l1[k], shr_words<2>(h[k])));
        }
      }
    }
  }
};

}  // namespace

extern const MatmulKernel matmul_q6_k = {14, Format::q8_256, group_rows, Blocks256<Q6_K>::run};

}  // namespace lt::cpu::LT_ISA
