// Blocks of 256 values that are too involved to be multiplied as they lie: the points of the IQ code books and the five trits a byte of
// TQ1_0, decoded into bytes first.
//
// A type gives: block_bytes; sub_blocks (8 or 16) that have a scale; factor, a half, of d; with_signs: codes are sizes with signs beside
// them, else signed numbers plus 32; largest, the greatest size; and d_of(w) and decode(block, w).
#pragma once
#include <cstring>

#include "backend/cpu/kernels.h"
#include "backend/cpu/points.h"

namespace lt::cpu::LT_ISA {

struct DecodedBlock {
  alignas(64) uint8_t codes[256];
  alignas(16) uint8_t scales[16];  // of sixteen values
  alignas(8) uint8_t signs[32];    // a bit a value
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
inline void odd_scales(DecodedBlock& to, int group, uint32_t s) { to.scales[2 * group] = to.scales[2 * group + 1] = uint8_t(2 * s + 1); }
// Sixteen times 2 s + 1 of a nibble s.
inline void odd_scales(DecodedBlock& to, const uint8_t* nibbles) {
  for (int i = 0; i < 8; i++) {
    to.scales[2 * i] = uint8_t(2 * (nibbles[i] & 15) + 1);
    to.scales[2 * i + 1] = uint8_t(2 * (nibbles[i] >> 4) + 1);
  }
}

// f16 d; eight times u8 points[4], u32 of four times 7 signs and a scale.
struct IQ2_XXS {
  static constexpr int block_bytes = 66, sub_blocks = 8, largest = 43;
  static constexpr uint16_t factor = 0x3000;  // 1/8
  static constexpr bool with_signs = true;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    for (int g = 0; g < 8; g++) {
      const uint8_t* at = w + 2 + 8 * g;
      const auto rest = read<uint32_t>(at + 4);
      for (int i = 0; i < 4; i++) write(to.codes + 32 * g + 8 * i, points.iq2_xxs[at[i]]);
      write(to.signs + 4 * g, even_signs(spread_sevens(rest)));
      odd_scales(to, g, rest >> 28);
    }
  }
};

// f16 d; u16 points[32] of 9 bits, 7 signs above them; u8 scales[8].
struct IQ2_XS {
  static constexpr int block_bytes = 74, sub_blocks = 16, largest = 43;
  static constexpr uint16_t factor = 0x3000;
  static constexpr bool with_signs = true;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    for (int g = 0; g < 8; g++) {
      const auto four = read<uint64_t>(w + 2 + 8 * g);
      for (int i = 0; i < 4; i++) write(to.codes + 32 * g + 8 * i, points.iq2_xs[four >> 16 * i & 511]);
      uint64_t seven = four >> 9 & 0x007f007f007f007f;
      seven = (seven | seven >> 8) & 0x0000ffff0000ffff;
      write(to.signs + 4 * g, even_signs(uint32_t(seven | seven >> 16)));
    }
    odd_scales(to, w + 66);
  }
};

// f16 d; u8 low bits of points[32]; u8 signs[32]; u8 high bits, two a point[8]; u8 scales[8].
struct IQ2_S {
  static constexpr int block_bytes = 82, sub_blocks = 16, largest = 43;
  static constexpr uint16_t factor = 0x3000;
  static constexpr bool with_signs = true;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    for (int g = 0; g < 8; g++) {
      const uint32_t high = w[66 + g];
      for (int i = 0; i < 4; i++) write(to.codes + 32 * g + 8 * i, points.iq2_s[w[2 + 4 * g + i] | (high << (8 - 2 * i) & 0x300)]);
    }
    memcpy(to.signs, w + 34, 32);
    odd_scales(to, w + 74);
  }
};

// f16 d; u8 points[64]; eight times u32 of four times 7 signs and a scale.
struct IQ3_XXS {
  static constexpr int block_bytes = 98, sub_blocks = 8, largest = 62;
  static constexpr uint16_t factor = 0x3400;  // 1/4
  static constexpr bool with_signs = true;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    for (int g = 0; g < 8; g++) {
      const auto rest = read<uint32_t>(w + 66 + 4 * g);
      for (int i = 0; i < 8; i++) write(to.codes + 32 * g + 4 * i, points.iq3_xxs[w[2 + 8 * g + i]]);
      write(to.signs + 4 * g, even_signs(spread_sevens(rest)));
      odd_scales(to, g, rest >> 28);
    }
  }
};

// f16 d; u8 low bits of points[64]; u8 ninth bits[8]; u8 signs[32]; u8 scales[4].
struct IQ3_S {
  static constexpr int block_bytes = 110, sub_blocks = 8, largest = 15;
  static constexpr uint16_t factor = 0x3c00;  // 1
  static constexpr bool with_signs = true;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    for (int g = 0; g < 8; g++) {
      const uint32_t ninth = w[66 + g];
      for (int i = 0; i < 8; i++) write(to.codes + 32 * g + 4 * i, points.iq3_s[w[2 + 8 * g + i] | (ninth << (8 - i) & 0x100)]);
      odd_scales(to, g, w[106 + g / 2] >> 4 * (g % 2) & 15);
    }
    memcpy(to.signs, w + 74, 32);
  }
};

// Points of IQ1_S and IQ1_M are shifted by an eighth, down as they are in the table, or up.
constexpr uint64_t shifted_up = 0x0202020202020202;

// f16 d; u8 low bits of points[32]; u16 of four times 3 high bits, 3 bits of scale and whether the shift is down, [8].
struct IQ1_S {
  static constexpr int block_bytes = 50, sub_blocks = 8, largest = 9;
  static constexpr uint16_t factor = 0x3000;
  static constexpr bool with_signs = false;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    for (int g = 0; g < 8; g++) {
      const uint32_t high = read<uint16_t>(w + 34 + 2 * g);
      const uint64_t up = high & 0x8000 ? 0 : shifted_up;
      for (int i = 0; i < 4; i++) write(to.codes + 32 * g + 8 * i, points.iq1[w[2 + 4 * g + i] | (high >> 3 * i & 7) << 8] + up);
      odd_scales(to, g, high >> 12 & 7);
    }
  }
};

// u8 low bits of points[32]; u8 of two times 3 high bits and whether the shift is down, [16]; u16 of four times 3 bits of scale and, on
// top, a quarter of d, [4].
struct IQ1_M {
  static constexpr int block_bytes = 56, sub_blocks = 16, largest = 9;
  static constexpr uint16_t factor = 0x3000;
  static constexpr bool with_signs = false;
  static uint16_t d_of(const uint8_t* w) {
    const auto all = read<uint64_t>(w + 48);
    return uint16_t((all >> 12 & 0xf) | (all >> 24 & 0xf0) | (all >> 36 & 0xf00) | (all >> 48 & 0xf000));
  }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    const auto scales = read<uint64_t>(w + 48);
    for (int g = 0; g < 16; g++) {
      for (int i = 0; i < 2; i++) {
        const uint32_t high = w[32 + g] >> 4 * i;
        write(to.codes + 16 * g + 8 * i, points.iq1[w[2 * g + i] | (high & 7) << 8] + (high & 8 ? 0 : shifted_up));
      }
      to.scales[g] = uint8_t(2 * (scales >> (16 * (g / 4) + 3 * (g % 4)) & 7) + 1);
    }
  }
};

// u8 five trits[48], of values 32 apart and of the last sixteen bytes 16 apart; u8 four trits[4]; f16 d. Trits less 1, one scale. A byte is
// a fraction of 256: multiplied by 3^(t + 1), its integer part ends in trit t.
struct TQ1_0 {
  static constexpr int block_bytes = 54, sub_blocks = 8, largest = 1;
  static constexpr uint16_t factor = 0x3c00;
  static constexpr bool with_signs = false;
  static uint16_t d_of(const uint8_t* w) { return read<uint16_t>(w + 52); }

  static void decode(DecodedBlock& to, const uint8_t* w) {
    const auto trits = [](uint8_t* codes, const uint8_t* from, int n, int power) {
      for (int i = 0; i < n; i++) codes[i] = uint8_t((uint16_t(uint8_t(from[i] * power)) * 3 >> 8) + 31);
    };
    int power = 1;
    for (int t = 0; t < 5; t++, power *= 3) {
      trits(to.codes + 32 * t, w, 32, power);
      trits(to.codes + 160 + 16 * t, w + 32, 16, power);
      if (t < 4) trits(to.codes + 240 + 4 * t, w + 48, 4, power);
    }
    memset(to.scales, 1, sizeof to.scales);
  }
};

}  // namespace lt::cpu::LT_ISA
