// Weight types of 256-value blocks: what matmul/blocks256.h says, in plain loops.
#include "backend/cpu/kernels/loops/dot.h"
#include "backend/cpu/kernels/matmul/books.h"
#include "backend/cpu/kernels/matmul/levels.h"

namespace lt::cpu::LT_ISA {
namespace {

// What most types have in common.
struct Plain {
  static constexpr uint16_t factor = 0x3c00;  // 1
  static constexpr bool has_min = false;
};

// f16 d; f16 dmin; u8 scales[12]; codes. Eight sub-blocks of 32 with 6-bit scales and minimums.
struct WithMinimums : Plain {
  static constexpr int d_offset = 0, dmin_offset = 2, sub_blocks = 8;
  static constexpr bool has_min = true;

  LT_INLINE void unpack_scales(int16_t* scales, int16_t* minimums, const uint8_t* packed) {
    for (int i = 0; i < 4; i++) {
      scales[i] = packed[i] & 63;
      scales[4 + i] = static_cast<int16_t>((packed[8 + i] & 15) | packed[i] >> 6 << 4);
      minimums[i] = packed[4 + i] & 63;
      minimums[4 + i] = static_cast<int16_t>(packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4);
    }
  }
};

// u8 nibbles[128].
struct Q4_K : WithMinimums {
  static constexpr int block_bytes = 144;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t* minimums, const uint8_t* w) {
    unpack_scales(scales, minimums, w + 4);
    for (int j = 0; j < 4; j++) {
      for (int i = 0; i < 32; i++) codes[64 * j + i] = w[16 + 32 * j + i] & 15;
      for (int i = 0; i < 32; i++) codes[64 * j + 32 + i] = w[16 + 32 * j + i] >> 4;
    }
  }
};

// u8 fifth bits[32]; u8 nibbles[128].
struct Q5_K : WithMinimums {
  static constexpr int block_bytes = 176;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t* minimums, const uint8_t* w) {
    unpack_scales(scales, minimums, w + 4);
    for (int k = 0; k < 8; k++) {
      const uint8_t *fifth = w + 16, *nibbles = w + 48 + k / 2 * 32;
      for (int i = 0; i < 32; i++) codes[32 * k + i] = static_cast<int16_t>((nibbles[i] >> k % 2 * 4 & 15) | (fifth[i] >> k & 1) << 4);
    }
  }
};

// u8 scales[16], minimums above them; u8 codes[64]; f16 d; f16 dmin. Sixteen sub-blocks of 16.
struct Q2_K : Plain {
  static constexpr int block_bytes = 84, d_offset = 80, dmin_offset = 82, sub_blocks = 16;
  static constexpr bool has_min = true;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t* minimums, const uint8_t* w) {
    for (int i = 0; i < 16; i++) scales[i] = w[i] & 15, minimums[i] = w[i] >> 4;
    for (int k = 0; k < 8; k++)
      for (int i = 0; i < 32; i++) codes[32 * k + i] = w[16 + k / 4 * 32 + i] >> k % 4 * 2 & 3;
  }
};

// u8 third bits[32]; u8 codes[64]; u8 scales[12]; f16 d. Sixteen sub-blocks of 16 with 6-bit scales less 32, codes less 4.
struct Q3_K : Plain {
  static constexpr int block_bytes = 110, d_offset = 108, sub_blocks = 16;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t*, const uint8_t* w) {
    const uint8_t* packed = w + 96;
    for (int i = 0; i < 16; i++)
      scales[i] = static_cast<int16_t>(((packed[i % 8] >> i / 8 * 4 & 15) | (packed[8 + i % 4] >> i / 4 * 2 & 3) << 4) - 32);
    for (int k = 0; k < 8; k++) {
      const uint8_t* low = w + 32 + k / 4 * 32;
      for (int i = 0; i < 32; i++) codes[32 * k + i] = static_cast<int16_t>(((low[i] >> k % 4 * 2 & 3) | (w[i] >> k & 1) << 2) - 4);
    }
  }
};

// u8 ql[128]; u8 qh[64]; i8 scales[16]; f16 d. Sixteen sub-blocks of 16, codes less 32.
struct Q6_K : Plain {
  static constexpr int block_bytes = 210, d_offset = 208, sub_blocks = 16;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t*, const uint8_t* w) {
    for (int i = 0; i < 16; i++) scales[i] = static_cast<int8_t>(w[192 + i]);
    for (int half = 0; half < 2; half++) {
      const uint8_t *low = w + 64 * half, *high = w + 128 + 32 * half;
      int16_t* to = codes + 128 * half;
      for (int i = 0; i < 32; i++) to[i] = static_cast<int16_t>(((low[i] & 15) | (high[i] << 4 & 48)) - 32);
      for (int i = 0; i < 32; i++) to[32 + i] = static_cast<int16_t>(((low[32 + i] & 15) | (high[i] << 2 & 48)) - 32);
      for (int i = 0; i < 32; i++) to[64 + i] = static_cast<int16_t>((low[i] >> 4 | (high[i] & 48)) - 32);
      for (int i = 0; i < 32; i++) to[96 + i] = static_cast<int16_t>((low[32 + i] >> 4 | (high[i] >> 2 & 48)) - 32);
    }
  }
};

// f16 d; u16 high bits of scales; u8 low bits[4]; u8 nibbles[128]. Eight sub-blocks of 32 with 6-bit scales less 32.
struct IQ4_XS : Plain {
  static constexpr int block_bytes = 136, d_offset = 0, sub_blocks = 8;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t*, const uint8_t* w) {
    const int high = w[2] | w[3] << 8;
    for (int k = 0; k < 8; k++) {
      const int low = w[4 + k / 2] >> k % 2 * 4 & 15;
      scales[k] = static_cast<int16_t>((low | (high >> 2 * k & 3) << 4) - 32);
      const uint8_t* nibbles = w + 8 + 16 * k;
      for (int i = 0; i < 16; i++) {
        codes[32 * k + i] = Iq4Levels::levels[nibbles[i] & 15];
        codes[32 * k + 16 + i] = Iq4Levels::levels[nibbles[i] >> 4];
      }
    }
  }
};

// u8 codes[64], two bits each, less 1; f16 d. One scale.
struct TQ2_0 : Plain {
  static constexpr int block_bytes = 66, d_offset = 64, sub_blocks = 1;

  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t*, const uint8_t* w) {
    scales[0] = 1;
    for (int i = 0; i < 256; i++) codes[i] = static_cast<int16_t>((w[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3) - 1);
  }
};

template <class C>
struct DecodedFirst {
  static constexpr int block_bytes = C::block_bytes, sub_blocks = C::sub_blocks;
  static constexpr uint16_t factor = C::factor;
  static constexpr bool has_min = false;

  LT_INLINE uint16_t d_of(const uint8_t* w) { return C::d_of(w); }
  LT_INLINE void unpack(int16_t* codes, int16_t* scales, int16_t*, const uint8_t* w) {
    DecodedBlock block;
    C::decode(block, w);
    for (int i = 0; i < 256; i++) {
      const int code = block.codes[i];
      const int bit = C::codes == Codes::numbers ? 0 : block.signs[i / 8] >> i % 8 & 1;
      codes[i] = static_cast<int16_t>(C::codes == Codes::sizes ? (bit ? -code : code) : code - 32 + 2 * bit);
    }
    for (int k = 0; k < sub_blocks; k++) scales[k] = block.scales[k * 16 / sub_blocks];
  }
};

// The half d of a block at w.
template <class W>
LT_INLINE uint16_t d_of(const uint8_t* w) {
  if constexpr (requires { W::d_of(w); })
    return W::d_of(w);
  else
    return read<uint16_t>(w + W::d_offset);
}

template <class W>
struct Blocks256 {
  using Prepared = Prepared256;
  static constexpr int prepared_blocks = 1;
  static constexpr int values = 256;
  static constexpr int block_bytes = W::block_bytes, four_bytes = 4 * block_bytes;

  template <int R, int T>
  LT_INLINE void four(f32x16& acc, const uint8_t* const (&w)[R], const Prepared* const (&x)[T], int blocks) {
    alignas(16) uint16_t d[16], negative_dmin[16];
    f32x16 s = zero(), m = zero(), dx = zero();
    for (int i = 0; i < 16; i++) d[i] = negative_dmin[i] = absent;
    for (int b = 0; b < blocks; b++) {
      alignas(16) int16_t codes[R][256], scales[R][W::sub_blocks], minimums[R][W::sub_blocks];
      Sides<R, T> sides;
      for (int t = 0; t < T; t++) sides.q[t] = x[t][b].q;
      for (int r = 0; r < R; r++) W::unpack(codes[r], scales[r], minimums[r], w[r] + b * block_bytes), sides.codes[r] = codes[r];
      int32_t total[pairs] = {}, of[pairs];
      for (int j = 0; j < W::sub_blocks; j++) {
        constexpr int n = 256 / W::sub_blocks;
        dots<n>(of, sides, n * j);
        for (int i = 0; i < pairs; i++) total[i] += scales[i / T][j] * of[i];
      }
      for (int i = 0; i < pairs; i++) {
        const int lane = i * 4 + b;
        const uint8_t* block = w[i / T] + b * block_bytes;
        const Prepared& token = x[i % T][b];
        s.v[lane] = static_cast<float>(total[i]);
        dx.v[lane] = token.d;
        d[lane] = d_of<W>(block);
        if constexpr (W::has_min) {
          int32_t minimum = 0;
          for (int j = 0; j < 16; j++) minimum += minimums[i / T][j * W::sub_blocks / 16] * token.sum16[j];
          m.v[lane] = static_cast<float>(minimum);
          memcpy(negative_dmin + lane, block + W::dmin_offset, 2);
          negative_dmin[lane] ^= 0x8000;
        }
      }
    }
    f32x16 scale = load_f16(d);
    if constexpr (W::factor != Plain::factor) scale = scale * set1(W::factor == 0x3000 ? 0.125f : 0.25f);
    f32x16 v = scale * s;
    if constexpr (W::has_min) v = fma(load_f16(negative_dmin), m, v);
    acc = fma(v, dx, acc);
  }
};

}  // namespace

extern const MatmulKernel matmul_q2_k = {10, Format::q8_256, pairs, run<Blocks256<Q2_K>>};
extern const MatmulKernel matmul_q3_k = {11, Format::q8_256, pairs, run<Blocks256<Q3_K>>};
extern const MatmulKernel matmul_q4_k = {12, Format::q8_256, pairs, run<Blocks256<Q4_K>>};
extern const MatmulKernel matmul_q5_k = {13, Format::q8_256, pairs, run<Blocks256<Q5_K>>};
extern const MatmulKernel matmul_q6_k = {14, Format::q8_256, pairs, run<Blocks256<Q6_K>>};
extern const MatmulKernel matmul_iq4_xs = {23, Format::q8_256, pairs, run<Blocks256<IQ4_XS>>};
extern const MatmulKernel matmul_tq2_0 = {35, Format::q8_256, pairs, run<Blocks256<TQ2_0>>};
extern const MatmulKernel matmul_iq2_xxs = {16, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ2_XXS>>>};
extern const MatmulKernel matmul_iq2_xs = {17, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ2_XS>>>};
extern const MatmulKernel matmul_iq3_xxs = {18, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ3_XXS>>>};
extern const MatmulKernel matmul_iq1_s = {19, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ1_S>>>};
extern const MatmulKernel matmul_iq3_s = {21, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ3_S>>>};
extern const MatmulKernel matmul_iq2_s = {22, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ2_S>>>};
extern const MatmulKernel matmul_iq1_m = {29, Format::q8_256, pairs, run<Blocks256<DecodedFirst<IQ1_M>>>};
extern const MatmulKernel matmul_tq1_0 = {34, Format::q8_256, pairs, run<Blocks256<DecodedFirst<TQ1_0>>>};

}  // namespace lt::cpu::LT_ISA
