// Blocks of 256 values that are too involved to be multiplied as they lie: the points of the IQ code books and the five trits a byte of
// TQ1_0, decoded into bytes first.
//
// A type gives: block_bytes; sub_blocks (8 or 16) that have a scale; factor, a half, of d; what codes are; largest, the greatest size of
// one; and d_of(w) and decode(block, w).
#pragma once
#include <cstring>

#include "backend/cpu/kernels.h"
#include "backend/cpu/points.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

enum class Codes {
  numbers,  // signed, plus 32
  shifted,  // the same, to be raised by 2 where a bit is set
  sizes,    // negative where a bit is set
};

struct DecodedBlock {
  alignas(64) uint8_t codes[256];
  alignas(16) uint8_t scales[16];  // of sixteen values
  alignas(8) uint8_t signs[32];    // a bit a value: of sizes and what is shifted
};

template <class Word>
inline Word read(const uint8_t* p) {
  Word v;
  memcpy(&v, p, sizeof v);
  return v;
}
template <class Word>
inline void write(uint8_t* p, Word v) {
  memcpy(p, &v, sizeof v);
}

// What follows are loops over a whole block, so that they become vectors. Branches would be mispredicted: the bits are as good as random.

// Four times 7 sign bits, a byte each, with the eighth, which makes their number even.
inline uint32_t even_signs(uint32_t seven) {
  uint32_t odd = seven ^ (seven >> 4 & 0x0f0f0f0f);
  odd ^= odd >> 2 & 0x03030303;
  odd ^= odd >> 1 & 0x01010101;
  return seven | (odd & 0x01010101) << 7;
}
// Four times 7 bits beside one another, a byte each.
inline uint32_t spread_sevens(uint32_t bits) {
  return (bits & 0x7f) | (bits & 0x3f80) << 1 | (bits & 0x1fc000) << 2 | (bits & 0xfe00000) << 3;
}
// Of eight times 32 values: signs in the lower 28 bits, and a scale of 2 s + 1 for s in the four above them.
inline void signs_and_scales(DecodedBlock& to, const uint32_t (&rest)[8]) {
  uint32_t signs[8];
  uint16_t scales[8];
  for (int g = 0; g < 8; g++) signs[g] = even_signs(spread_sevens(rest[g]));
  for (int g = 0; g < 8; g++) scales[g] = uint16_t((rest[g] >> 28) * 0x0202 + 0x0101);
  memcpy(to.signs, signs, sizeof signs);
  memcpy(to.scales, scales, sizeof scales);
}
// Four fields of one to three bits, moved to the lowest bits of four int16 by a product: its copies do not overlap.
constexpr uint64_t spread_bits_of_4 = 0x200040008001, spread_pairs_of_4 = 0x40010004001, spread_threes_of_4 = 0x8004002001;
// Indices of points: low bytes, and the bits above them, which high(g) gives of four in int16.
template <int n, class F>
inline void indices(uint16_t (&index)[n], const uint8_t* low, F high) {
  uint64_t four[n / 4];
  for (int g = 0; g < n / 4; g++) {
    uint64_t q = read<uint32_t>(low + 4 * g);
    q = (q | q << 16) & 0x0000ffff0000ffff;
    q = (q | q << 8) & 0x00ff00ff00ff00ff;
    four[g] = q | high(g) << 8;
  }
  memcpy(index, four, sizeof four);
}
inline uint64_t pair(const uint32_t* of_four, int first, int second) { return of_four[first] | uint64_t(of_four[second]) << 32; }

// Sixteen times 2 s + 1 of a nibble s.
inline void odd_scales(DecodedBlock& to, const uint8_t* nibbles) {
  uint16_t scales[8];
  for (int i = 0; i < 8; i++) scales[i] = uint16_t(((nibbles[i] & 15) | (nibbles[i] & 0xf0) << 4) * 2 + 0x0101);
  memcpy(to.scales, scales, sizeof scales);
}

// f16 d; eight times u8 points[4], u32 of four times 7 signs and a scale.
struct IQ2_XXS {
  static constexpr int block_bytes = 66, sub_blocks = 8, largest = 43;
  static constexpr uint16_t factor = 0x3000;  // 1/8
  static constexpr Codes codes = Codes::sizes;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint32_t rest[8];
    for (int g = 0; g < 8; g++) rest[g] = read<uint32_t>(w + 6 + 8 * g);
    signs_and_scales(to, rest);
    LT_UNROLL for (int g = 0; g < 8; g++) LT_UNROLL for (int i = 0; i < 4; i++)
        write(to.codes + 32 * g + 8 * i, points.iq2_xxs[w[2 + 8 * g + i]]);
  }
};

// f16 d; u16 points[32] of 9 bits, 7 signs above them; u8 scales[8].
struct IQ2_XS {
  static constexpr int block_bytes = 74, sub_blocks = 16, largest = 43;
  static constexpr uint16_t factor = 0x3000;
  static constexpr Codes codes = Codes::sizes;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint16_t q[32];
    uint8_t signs[32];
    memcpy(q, w + 2, sizeof q);
    for (int i = 0; i < 32; i++) {
      const int four = q[i] ^ q[i] >> 4, two = four ^ four >> 2, one = two ^ two >> 1;  // bit 9: the parity of bits 9 to 15
      signs[i] = uint8_t(q[i] >> 9 | (one & 0x0200) >> 2);
    }
    memcpy(to.signs, signs, sizeof signs);
    odd_scales(to, w + 66);
    LT_UNROLL for (int i = 0; i < 32; i++) write(to.codes + 8 * i, points.iq2_xs[read<uint16_t>(w + 2 + 2 * i) & 511]);
  }
};

// f16 d; u8 low bits of points[32]; u8 signs[32]; u8 high bits, two a point[8]; u8 scales[8].
struct IQ2_S {
  static constexpr int block_bytes = 82, sub_blocks = 16, largest = 43;
  static constexpr uint16_t factor = 0x3000;
  static constexpr Codes codes = Codes::sizes;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint16_t index[32];
    indices(index, w + 2, [&](int g) { return w[66 + g] * spread_pairs_of_4 & 0x0003000300030003; });
    memcpy(to.signs, w + 34, 32);
    odd_scales(to, w + 74);
    LT_UNROLL for (int i = 0; i < 32; i++) write(to.codes + 8 * i, points.iq2_s[index[i]]);
  }
};

// f16 d; u8 points[64]; eight times u32 of four times 7 signs and a scale.
struct IQ3_XXS {
  static constexpr int block_bytes = 98, sub_blocks = 8, largest = 62;
  static constexpr uint16_t factor = 0x3400;  // 1/4
  static constexpr Codes codes = Codes::sizes;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint32_t rest[8];
    memcpy(rest, w + 66, sizeof rest);
    signs_and_scales(to, rest);
    LT_UNROLL for (int i = 0; i < 32; i++) write(to.codes + 8 * i, pair(points.iq3_xxs, w[2 + 2 * i], w[3 + 2 * i]));
  }
};

// f16 d; u8 low bits of points[64]; u8 ninth bits[8]; u8 signs[32]; u8 scales[4].
struct IQ3_S {
  static constexpr int block_bytes = 110, sub_blocks = 8, largest = 15;
  static constexpr uint16_t factor = 0x3c00;  // 1
  static constexpr Codes codes = Codes::sizes;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint16_t index[64], scales[8], nibbles[8];
    uint8_t ninth[16];
    for (int g = 0; g < 8; g++) nibbles[g] = uint16_t((w[66 + g] & 15) | (w[66 + g] & 0xf0) << 4);
    memcpy(ninth, nibbles, sizeof ninth);
    indices(index, w + 2, [&](int g) { return ninth[g] * spread_bits_of_4 & 0x0001000100010001; });
    memcpy(to.signs, w + 74, 32);
    const auto packed = read<uint32_t>(w + 106);
    for (int g = 0; g < 8; g++) scales[g] = uint16_t((packed >> 4 * g & 15) * 0x0202 + 0x0101);
    memcpy(to.scales, scales, sizeof scales);
    LT_UNROLL for (int i = 0; i < 32; i++) write(to.codes + 8 * i, pair(points.iq3_s, index[2 * i], index[2 * i + 1]));
  }
};

// f16 d; u8 low bits of points[32]; u16 of four times 3 high bits, 3 bits of scale and whether the shift is down, [8].
struct IQ1_S {
  static constexpr int block_bytes = 50, sub_blocks = 8, largest = 9;
  static constexpr uint16_t factor = 0x3000;
  static constexpr Codes codes = Codes::shifted;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint16_t index[32], high[8], scales[8];
    uint32_t up[8];
    memcpy(high, w + 34, sizeof high);
    indices(index, w + 2, [&](int g) { return (high[g] & 0xfff) * spread_threes_of_4 & 0x0007000700070007; });
    for (int g = 0; g < 8; g++) up[g] = (high[g] >> 15) - 1u;
    for (int g = 0; g < 8; g++) scales[g] = uint16_t((high[g] >> 12 & 7) * 0x0202 + 0x0101);
    memcpy(to.signs, up, sizeof up);
    memcpy(to.scales, scales, sizeof scales);
    LT_UNROLL for (int i = 0; i < 32; i++) write(to.codes + 8 * i, points.iq1[index[i]]);
  }
};

// u8 low bits of points[32]; u8 of two times 3 high bits and whether the shift is down, [16]; u16 of four times 3 bits of scale and, on
// top, a quarter of d, [4].
struct IQ1_M {
  static constexpr int block_bytes = 56, sub_blocks = 16, largest = 9;
  static constexpr uint16_t factor = 0x3000;
  static constexpr Codes codes = Codes::shifted;
  static uint16_t d_of(const uint8_t* w) {
    const auto all = read<uint64_t>(w + 48);
    return uint16_t((all >> 12 & 0xf) | (all >> 24 & 0xf0) | (all >> 36 & 0xf00) | (all >> 48 & 0xf000));
  }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    uint16_t index[32], up[16], scales[8];
    indices(index, w, [&](int g) {
      const uint64_t a = w[32 + 2 * g], b = w[33 + 2 * g];
      return (a | a << 12 | b << 32 | b << 44) & 0x0007000700070007;
    });
    for (int i = 0; i < 16; i++) up[i] = uint16_t((((w[32 + i] >> 3 & 1) - 1) & 0xff) | ((w[32 + i] >> 7) - 1) << 8);
    for (int i = 0; i < 8; i++) {
      const uint32_t two = read<uint16_t>(w + 48 + i / 2 * 2) >> i % 2 * 6;
      scales[i] = uint16_t(((two & 7) | (two & 0x38) << 5) * 2 + 0x0101);
    }
    memcpy(to.signs, up, sizeof up);
    memcpy(to.scales, scales, sizeof scales);
    LT_UNROLL for (int i = 0; i < 32; i++) write(to.codes + 8 * i, points.iq1[index[i]]);
  }
};

// u8 five trits[48], of values 32 apart and of the last sixteen bytes 16 apart; u8 four trits[4]; f16 d. Trits less 1, one scale. A byte is
// a fraction of 256: multiplied by 3^(t + 1), its integer part ends in trit t.
struct TQ1_0 {
  static constexpr int block_bytes = 54, sub_blocks = 8, largest = 1;
  static constexpr uint16_t factor = 0x3c00;
  static constexpr Codes codes = Codes::numbers;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w + 52); }

  static uint8_t trit(uint8_t byte, uint8_t power) { return uint8_t((uint16_t(uint8_t(byte * power)) * 3 >> 8) + 31); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    static constexpr uint8_t powers[20] = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27, 81, 81, 81, 81};
    uint8_t many[32], some[16], last[16];  // copies: what is written could else be a part of them
    memcpy(many, w, sizeof many);
    memcpy(some, w + 32, sizeof some);
    for (int t = 0; t < 4; t++) memcpy(last + 4 * t, w + 48, 4);
    for (int i = 0; i < 16; i++) to.codes[240 + i] = trit(last[i], powers[i]);
    LT_UNROLL for (int t = 0; t < 5; t++) {
      for (int i = 0; i < 32; i++) to.codes[32 * t + i] = trit(many[i], powers[4 * t]);
      for (int i = 0; i < 16; i++) to.codes[160 + 16 * t + i] = trit(some[i], powers[4 * t]);
    }
    memset(to.scales, 1, sizeof to.scales);
  }
};

}  // namespace lt::cpu::LT_ISA
