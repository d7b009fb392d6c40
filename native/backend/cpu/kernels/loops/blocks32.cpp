// Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4, and NVFP4, Q1_0 and Q2_0 in parts of 32 values: what matmul/blocks32.h says, in plain loops.
#include "backend/cpu/kernels/loops/dot.h"
#include "backend/cpu/kernels/matmul/levels.h"
#include "backend/cpu/kernels/matmul/parts.h"

namespace lt::cpu::LT_ISA {
namespace {

// Value j in the low, value j + 16 in the high nibble of byte j, stored as value + offset.
template <int offset>
LT_INLINE void nibbles(int16_t* codes, const uint8_t* w) {
  for (int i = 0; i < 16; i++) codes[i] = static_cast<int16_t>((w[i] & 15) - offset);
  for (int i = 0; i < 16; i++) codes[16 + i] = static_cast<int16_t>((w[i] >> 4) - offset);
}

// d and m are halfs in most types.
struct Halfs {
  LT_INLINE uint16_t read(const uint8_t* p) {
    uint16_t d;
    memcpy(&d, p, 2);
    return d;
  }
  LT_INLINE f32x16 wide(const uint16_t* d) { return load_f16(d); }
};
struct Powers {
  LT_INLINE uint16_t read(const uint8_t* p) { return half_power(*p); }
  LT_INLINE f32x16 wide(const uint16_t* d) { return load_bf16(d); }
};

struct Q8_0 : Halfs {
  static constexpr int block_bytes = 34, code_offset = 2;
  static constexpr bool has_min = false;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w) {
    for (int i = 0; i < 32; i++) codes[i] = static_cast<int8_t>(w[i]);
  }
};
struct Q4_0 : Halfs {
  static constexpr int block_bytes = 18, code_offset = 2;
  static constexpr bool has_min = false;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w) { nibbles<8>(codes, w); }
};
struct Q4_1 : Halfs {
  static constexpr int block_bytes = 20, code_offset = 4;
  static constexpr bool has_min = true;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w) { nibbles<0>(codes, w); }
};

template <int offset>
LT_INLINE void fives(int16_t* codes, const uint8_t* w) {
  uint32_t fifth;
  memcpy(&fifth, w - 4, 4);
  for (int i = 0; i < 16; i++) codes[i] = static_cast<int16_t>((w[i] & 15) + static_cast<int>(fifth >> i & 1) * 16 - offset);
  for (int i = 0; i < 16; i++) codes[16 + i] = static_cast<int16_t>((w[i] >> 4) + static_cast<int>(fifth >> (16 + i) & 1) * 16 - offset);
}
struct Q5_0 : Halfs {
  static constexpr int block_bytes = 22, code_offset = 6;
  static constexpr bool has_min = false;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w) { fives<16>(codes, w); }
};
struct Q5_1 : Halfs {
  static constexpr int block_bytes = 24, code_offset = 8;
  static constexpr bool has_min = true;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w) { fives<0>(codes, w); }
};

template <class T>
struct Levels {
  static constexpr bool has_min = false;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w) {
    for (int i = 0; i < 16; i++) codes[i] = T::levels[w[i] & 15], codes[16 + i] = T::levels[w[i] >> 4];
  }
};
struct IQ4_NL : Levels<Iq4Levels>, Halfs {
  static constexpr int block_bytes = 18, code_offset = 2;
};
struct MXFP4 : Levels<Fp4Levels>, Powers {
  static constexpr int block_bytes = 17, code_offset = 1;
};

// Types whose blocks have several parts of 32 values read one of them.
struct Q1_0 : Halfs {
  static constexpr int block_bytes = 18, code_offset = 2, parts = 4;
  static constexpr bool has_min = false;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w, int part) {
    uint32_t bits;
    memcpy(&bits, w + 4 * part, 4);
    for (int i = 0; i < 32; i++) codes[i] = static_cast<int16_t>(static_cast<int>(bits >> i & 1) * 2 - 1);
  }
};
struct Q2_0 : Halfs {
  static constexpr int block_bytes = 18, code_offset = 2, parts = 2;
  static constexpr bool has_min = false;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w, int part) {
    for (int i = 0; i < 32; i++) codes[i] = static_cast<int16_t>((w[8 * part + i / 4] >> i % 4 * 2 & 3) - 1);
  }
};
struct NVFP4 {
  static constexpr int block_bytes = 36, code_offset = 4, parts = 2;
  static constexpr bool has_min = false, halved = true;
  LT_INLINE void unpack(int16_t* codes, const uint8_t* w, int part) {
    for (int i = 0; i < 32; i++) codes[i] = Fp4Levels::levels[w[16 * part + i / 16 * 8 + i % 8] >> i % 16 / 8 * 4 & 15];
  }
  LT_INLINE uint16_t read(const uint8_t* p) { return e4m3_half(*p); }
  LT_INLINE f32x16 wide(const uint16_t* d) { return load_f16(d) * set1(e4m3_factor); }
};

template <class W>
struct Blocks32 {
  using Prepared = Prepared32;
  static constexpr int prepared_blocks = 4;
  static constexpr int values = 32;
  static constexpr int parts = parts_of<W>, four_bytes = 4 / parts * W::block_bytes;

  template <int R, int T>
  LT_INLINE void four(f32x16& acc, const uint8_t* const (&w)[R], const Prepared* const (&x)[T], int blocks) {
    alignas(16) uint16_t d[16], m[16];
    alignas(16) int32_t s[16], second[16];
    alignas(16) float dx[16], sum[16];
    for (int i = 0; i < 16; i++) d[i] = m[i] = absent, s[i] = second[i] = 0;
    for (int b = 0; b < blocks; b++) {
      alignas(16) int16_t codes[R][32];
      Sides<R, T> sides;
      for (int t = 0; t < T; t++) sides.q[t] = x[t]->q[b];
      for (int r = 0; r < R; r++) {
        const uint8_t* block = w[r] + b / parts * W::block_bytes;
        if constexpr (parts == 1)
          W::unpack(codes[r], block + W::code_offset);
        else
          W::unpack(codes[r], block + W::code_offset, b % parts);
        if constexpr (halved<W>) block += b % parts * 2;
        sides.codes[r] = codes[r];
        for (int t = 0; t < T; t++) {
          d[(r * T + t) * 4 + b] = W::read(block);
          if constexpr (W::has_min || halved<W>) m[(r * T + t) * 4 + b] = W::read(block + (halved<W> ? 1 : 2));
        }
      }
      int32_t of[pairs];
      dots<halved<W> ? 16 : 32>(of, sides, 0);
      for (int i = 0; i < pairs; i++) s[i * 4 + b] = of[i];
      if constexpr (halved<W>) {
        dots<16>(of, sides, 16);
        for (int i = 0; i < pairs; i++) second[i * 4 + b] = of[i];
      }
    }
    for (int i = 0; i < pairs; i++) memcpy(dx + i * 4, x[i % T]->d, 16), memcpy(sum + i * 4, x[i % T]->sum, 16);
    f32x16 products;
    for (int i = 0; i < 16; i++) products.v[i] = static_cast<float>(s[i]);
    acc = fma(W::wide(d) * load(dx), products, acc);
    if constexpr (W::has_min) acc = fma(W::wide(m), load(sum), acc);
    if constexpr (halved<W>) {
      for (int i = 0; i < 16; i++) products.v[i] = static_cast<float>(second[i]);
      acc = fma(W::wide(m) * load(dx), products, acc);
    }
  }
};

}  // namespace

extern const MatmulKernel matmul_q8_0 = {8, Format::q8_32, pairs, run<Blocks32<Q8_0>>};
extern const MatmulKernel matmul_q4_0 = {2, Format::q8_32, pairs, run<Blocks32<Q4_0>>};
extern const MatmulKernel matmul_q4_1 = {3, Format::q8_32, pairs, run<Blocks32<Q4_1>>};
extern const MatmulKernel matmul_q5_0 = {6, Format::q8_32, pairs, run<Blocks32<Q5_0>>};
extern const MatmulKernel matmul_q5_1 = {7, Format::q8_32, pairs, run<Blocks32<Q5_1>>};
extern const MatmulKernel matmul_iq4_nl = {20, Format::q8_32, pairs, run<Blocks32<IQ4_NL>>};
extern const MatmulKernel matmul_mxfp4 = {39, Format::q8_32, pairs, run<Blocks32<MXFP4>>};
extern const MatmulKernel matmul_nvfp4 = {40, Format::q8_32, pairs, run<Blocks32<NVFP4>>};
extern const MatmulKernel matmul_q1_0 = {41, Format::q8_32, pairs, run<Blocks32<Q1_0>>};
extern const MatmulKernel matmul_q2_0 = {42, Format::q8_32, pairs, run<Blocks32<Q2_0>>};

}  // namespace lt::cpu::LT_ISA
