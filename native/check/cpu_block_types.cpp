#include "check/cpu_block_types.h"

#include <algorithm>
#include <cmath>

#include "quant/grids/iq1_s.h"
#include "quant/grids/iq2_s.h"
#include "quant/grids/iq2_xs.h"
#include "quant/grids/iq2_xxs.h"
#include "quant/grids/iq3_s.h"
#include "quant/grids/iq3_xxs.h"

namespace lt::check {
namespace {

double half(const uint8_t* p) {
  const int h = p[0] | p[1] << 8, e = h >> 10 & 31, f = h & 1023;
  const double sign = h & 0x8000 ? -1 : 1;
  if (e == 31) return f ? NAN : sign * INFINITY;
  return sign * (e ? std::ldexp(1024 + f, e - 25) : std::ldexp(f, -24));
}

void nibbles(Block& b, const uint8_t* q, int offset) {
  for (int i = 0; i < 16; i++) {
    b.code[i] = (q[i] & 15) - offset;
    b.code[i + 16] = (q[i] >> 4) - offset;
  }
}
Block q4_0(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  nibbles(b, p + 2, 8);
  return b;
}
Block q4_1(const uint8_t* p) {
  Block b{32, 1, half(p), half(p + 2), {}, {1}, {1}};
  nibbles(b, p + 4, 0);
  return b;
}
Block q8_0(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 32; i++) b.code[i] = static_cast<int8_t>(p[2 + i]);
  return b;
}
Block q4_k(const uint8_t* p) {
  Block b{256, 8, half(p), half(p + 2), {}, {}, {}};
  const uint8_t* s = p + 4;
  for (int k = 0; k < 8; k++) {
    b.scale[k] = k < 4 ? s[k] & 63 : (s[k + 4] & 15) | s[k - 4] >> 6 << 4;
    b.minimum[k] = k < 4 ? s[k + 4] & 63 : s[k + 4] >> 4 | s[k] >> 6 << 4;
  }
  for (int i = 0; i < 256; i++) {
    const uint8_t byte = p[16 + i / 64 * 32 + i % 32];
    b.code[i] = i / 32 % 2 ? byte >> 4 : byte & 15;
  }
  return b;
}
Block q5_k(const uint8_t* p) {
  Block b = q4_k(p);
  for (int i = 0; i < 256; i++) {
    const uint8_t byte = p[48 + i / 64 * 32 + i % 32];
    b.code[i] = (i / 32 % 2 ? byte >> 4 : byte & 15) + 16 * (p[16 + i % 32] >> i / 32 & 1);
  }
  return b;
}
Block q3_k(const uint8_t* p) {
  Block b{256, 16, half(p + 108), 0, {}, {}, {}};
  const uint8_t* s = p + 96;
  for (int k = 0; k < 16; k++) b.scale[k] = ((k < 8 ? s[k] & 15 : s[k - 8] >> 4) + 16 * (s[8 + k % 4] >> 2 * (k / 4) & 3)) - 32;
  for (int i = 0; i < 256; i++) {
    const int h = i / 128, n = i / 32 % 4, l = i % 32;
    b.code[i] = (p[32 + 32 * h + l] >> 2 * n & 3) + 4 * (p[l] >> (4 * h + n) & 1) - 4;
  }
  return b;
}
Block q6_k(const uint8_t* p) {
  Block b{256, 16, half(p + 208), 0, {}, {}, {}};
  for (int k = 0; k < 16; k++) b.scale[k] = static_cast<int8_t>(p[192 + k]);
  for (int i = 0; i < 256; i++) {
    const int h = i / 128, n = i / 32 % 4, l = i % 32;
    const uint8_t low = p[64 * h + l + n % 2 * 32];
    b.code[i] = ((n < 2 ? low & 15 : low >> 4) | (p[128 + 32 * h + l] >> 2 * n & 3) << 4) - 32;
  }
  return b;
}

Block q5_0(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 32; i++) b.code[i] = ((i < 16 ? p[6 + i] & 15 : p[6 + i - 16] >> 4) | (p[2 + i / 8] >> i % 8 & 1) << 4) - 16;
  return b;
}
Block q5_1(const uint8_t* p) {
  Block b{32, 1, half(p), half(p + 2), {}, {1}, {1}};
  for (int i = 0; i < 32; i++) b.code[i] = (i < 16 ? p[8 + i] & 15 : p[8 + i - 16] >> 4) | (p[4 + i / 8] >> i % 8 & 1) << 4;
  return b;
}
constexpr int uneven[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
Block iq4_nl(const uint8_t* p) {
  Block b{32, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 16; i++) b.code[i] = uneven[p[2 + i] & 15], b.code[i + 16] = uneven[p[2 + i] >> 4];
  return b;
}
// Codes are twice the numbers of sign, two bits of exponent and one of fraction, so d is half of the block's power of two.
Block mxfp4(const uint8_t* p) {
  Block b{32, 1, p[0] == 255 ? INFINITY : std::ldexp(1, p[0] - 128), 0, {}, {1}, {}};
  for (int i = 0; i < 32; i++) {
    const int bits = i < 16 ? p[1 + i] & 15 : p[1 + i - 16] >> 4, exponent = bits >> 1 & 3, fraction = bits & 1;
    const int size = exponent ? (2 + fraction) << (exponent - 1) : fraction;
    b.code[i] = bits & 8 ? -size : size;
  }
  return b;
}
// Scales are whole 512ths: E4M3 numbers without a sign, with a bias of 7; the one that would be the greatest is none, and counts as 0.
Block nvfp4(const uint8_t* p) {
  Block b{64, 4, 1.0 / 1024, 0, {}, {}, {}};
  for (int k = 0; k < 4; k++) {
    const int exponent = p[k] >> 3 & 15, fraction = p[k] & 7;
    b.scale[k] = exponent == 15 && fraction == 7 ? 0 : exponent ? (8 + fraction) << (exponent - 1) : fraction;
    for (int i = 0; i < 16; i++) {
      const uint8_t byte = p[4 + 8 * k + i % 8];
      const int bits = i < 8 ? byte & 15 : byte >> 4, size = (bits >> 1 & 3 ? 2 + (bits & 1) : bits & 1)
                                                             << std::max((bits >> 1 & 3) - 1, 0);
      b.code[16 * k + i] = bits & 8 ? -size : size;
    }
  }
  return b;
}
Block q1_0(const uint8_t* p) {
  Block b{128, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 128; i++) b.code[i] = p[2 + i / 8] >> i % 8 & 1 ? 1 : -1;
  return b;
}
Block q2_0(const uint8_t* p) {
  Block b{64, 1, half(p), 0, {}, {1}, {}};
  for (int i = 0; i < 64; i++) b.code[i] = (p[2 + i / 4] >> 2 * (i % 4) & 3) - 1;
  return b;
}
Block iq4_xs(const uint8_t* p) {
  Block b{256, 8, half(p), 0, {}, {}, {}};
  const int high = p[2] | p[3] << 8;
  for (int k = 0; k < 8; k++) b.scale[k] = (p[4 + k / 2] >> 4 * (k % 2) & 15) + 16 * (high >> 2 * k & 3) - 32;
  for (int i = 0; i < 256; i++) {
    const uint8_t byte = p[8 + i / 32 * 16 + i % 16];
    b.code[i] = uneven[i % 32 < 16 ? byte & 15 : byte >> 4];
  }
  return b;
}

Block tq2_0(const uint8_t* p) {
  Block b{256, 1, half(p + 64), 0, {}, {1}, {}};
  for (int i = 0; i < 256; i++) b.code[i] = (p[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3) - 1;
  return b;
}

// Codes 8 i to 8 i + 7: sizes by the pairs of bits of a point, negative where signs has a bit.
void point_of_8(Block& b, int i, unsigned point, unsigned signs) {
  constexpr int sizes[] = {8, 25, 43};
  for (int k = 0; k < 8; k++) b.code[8 * i + k] = sizes[point >> 2 * k & 3] * (signs >> k & 1 ? -1 : 1);
}
void point_of_4(Block& b, int i, unsigned point, unsigned signs, const int* sizes) {
  for (int k = 0; k < 4; k++) b.code[4 * i + k] = sizes[point >> 3 * k & 7] * (signs >> k & 1 ? -1 : 1);
}
// The eighth sign makes the number of negative values even.
unsigned eight_signs(unsigned seven) {
  int negative = 0;
  for (int k = 0; k < 7; k++) negative += static_cast<int>(seven >> k & 1);
  return seven | (negative % 2 ? 128u : 0u);
}
unsigned word(const uint8_t* p) { return p[0] | p[1] << 8 | p[2] << 16 | static_cast<unsigned>(p[3]) << 24; }

Block iq2_xxs(const uint8_t* p) {
  Block b{256, 8, half(p) / 8, 0, {}, {}, {}};
  for (int g = 0; g < 8; g++) {
    const unsigned rest = word(p + 6 + 8 * g);
    for (int i = 0; i < 4; i++) point_of_8(b, 4 * g + i, quant::iq2_xxs_code(p[2 + 8 * g + i]), eight_signs(rest >> 7 * i & 127));
    b.scale[g] = 2 * static_cast<int>(rest >> 28) + 1;
  }
  return b;
}
Block iq2_xs(const uint8_t* p) {
  Block b{256, 16, half(p) / 8, 0, {}, {}, {}};
  for (int i = 0; i < 32; i++) {
    const unsigned q = p[2 + 2 * i] | p[3 + 2 * i] << 8;
    point_of_8(b, i, quant::iq2_xs_code(q % 512), eight_signs(q / 512));
  }
  for (int k = 0; k < 16; k++) b.scale[k] = 2 * (p[66 + k / 2] >> 4 * (k % 2) & 15) + 1;
  return b;
}
Block iq2_s(const uint8_t* p) {
  Block b{256, 16, half(p) / 8, 0, {}, {}, {}};
  for (int i = 0; i < 32; i++) {
    const unsigned high = p[66 + i / 4] >> 2 * (i % 4) & 3;
    point_of_8(b, i, quant::iq2_s_code(p[2 + i] + 256 * high), p[34 + i]);
  }
  for (int k = 0; k < 16; k++) b.scale[k] = 2 * (p[74 + k / 2] >> 4 * (k % 2) & 15) + 1;
  return b;
}
Block iq3_xxs(const uint8_t* p) {
  constexpr int sizes[] = {4, 12, 20, 28, 36, 44, 52, 62};
  Block b{256, 8, half(p) / 4, 0, {}, {}, {}};
  for (int g = 0; g < 8; g++) {
    const unsigned rest = word(p + 66 + 4 * g);
    for (int i = 0; i < 8; i++)
      point_of_4(b, 8 * g + i, quant::iq3_xxs_code(p[2 + 8 * g + i]), eight_signs(rest >> 7 * (i / 2) & 127) >> 4 * (i % 2), sizes);
    b.scale[g] = 2 * static_cast<int>(rest >> 28) + 1;
  }
  return b;
}
Block iq3_s(const uint8_t* p) {
  constexpr int sizes[] = {1, 3, 5, 7, 9, 11, 13, 15};
  Block b{256, 8, half(p), 0, {}, {}, {}};
  for (int i = 0; i < 64; i++) {
    const unsigned ninth = p[66 + i / 8] >> i % 8 & 1;
    point_of_4(b, i, quant::iq3_s_code(p[2 + i] + 256 * ninth), p[74 + i / 2] >> 4 * (i % 2), sizes);
  }
  for (int k = 0; k < 8; k++) b.scale[k] = 2 * (p[106 + k / 2] >> 4 * (k % 2) & 15) + 1;
  return b;
}
// Eighths: a point's values are -1, 0 and 1, and all of them are shifted by one up or down.
void shifted_point(Block& b, int i, unsigned point, bool down) {
  for (int k = 0; k < 8; k++) b.code[8 * i + k] = 8 * (static_cast<int>(point >> 2 * k & 3) - 1) + (down ? -1 : 1);
}
Block iq1_s(const uint8_t* p) {
  Block b{256, 8, half(p) / 8, 0, {}, {}, {}};
  for (int g = 0; g < 8; g++) {
    const unsigned high = p[34 + 2 * g] | p[35 + 2 * g] << 8;
    for (int i = 0; i < 4; i++) shifted_point(b, 4 * g + i, quant::iq1_s_code(p[2 + 4 * g + i] + 256 * (high >> 3 * i & 7)), high >> 15);
    b.scale[g] = 2 * static_cast<int>(high >> 12 & 7) + 1;
  }
  return b;
}
Block iq1_m(const uint8_t* p) {
  const uint8_t* s = p + 48;
  const uint8_t d[2] = {static_cast<uint8_t>(s[1] >> 4 | (s[3] & 0xf0)), static_cast<uint8_t>(s[5] >> 4 | (s[7] & 0xf0))};
  Block b{256, 16, half(d) / 8, 0, {}, {}, {}};
  for (int i = 0; i < 32; i++) {
    const unsigned high = p[32 + i / 2] >> 4 * (i % 2) & 15;
    shifted_point(b, i, quant::iq1_s_code(p[i] + 256 * (high & 7)), high >> 3);
  }
  for (int k = 0; k < 16; k++) b.scale[k] = 2 * ((s[k / 4 * 2] | s[k / 4 * 2 + 1] << 8) >> 3 * (k % 4) & 7) + 1;
  return b;
}
Block tq1_0(const uint8_t* p) {
  Block b{256, 1, half(p + 52), 0, {}, {1}, {}};
  const auto trit = [](int byte, int t) {
    for (; t > 0; t--) byte = byte * 3 % 256;
    return byte * 3 / 256 - 1;
  };
  for (int i = 0; i < 256; i++)
    b.code[i] = i < 160 ? trit(p[i % 32], i / 32) : i < 240 ? trit(p[32 + i % 16], (i - 160) / 16) : trit(p[48 + i % 4], (i - 240) / 4);
  return b;
}
Block q2_k(const uint8_t* p) {
  Block b{256, 16, half(p + 80), half(p + 82), {}, {}, {}};
  for (int k = 0; k < 16; k++) b.scale[k] = p[k] & 15, b.minimum[k] = p[k] >> 4;
  for (int i = 0; i < 256; i++) b.code[i] = p[16 + i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
  return b;
}

}  // namespace

const std::vector<BlockType>& block_types() {
  static const std::vector<BlockType> all = {
      {"q4_0", 2, 32, 18, {0}, q4_0},       {"q4_1", 3, 32, 20, {0, 2}, q4_1},      {"q5_0", 6, 32, 22, {0}, q5_0},
      {"q5_1", 7, 32, 24, {0, 2}, q5_1},    {"q8_0", 8, 32, 34, {0}, q8_0},         {"iq4_nl", 20, 32, 18, {0}, iq4_nl},
      {"mxfp4", 39, 32, 17, {}, mxfp4},     {"q3_k", 11, 256, 110, {108}, q3_k},    {"q4_k", 12, 256, 144, {0, 2}, q4_k},
      {"q5_k", 13, 256, 176, {0, 2}, q5_k}, {"q6_k", 14, 256, 210, {208}, q6_k},    {"iq4_xs", 23, 256, 136, {0}, iq4_xs},
      {"tq2_0", 35, 256, 66, {64}, tq2_0},  {"q2_k", 10, 256, 84, {80, 82}, q2_k},  {"iq2_xxs", 16, 256, 66, {0}, iq2_xxs},
      {"iq2_xs", 17, 256, 74, {0}, iq2_xs}, {"iq3_xxs", 18, 256, 98, {0}, iq3_xxs}, {"iq1_s", 19, 256, 50, {0}, iq1_s},
      {"iq3_s", 21, 256, 110, {0}, iq3_s},  {"iq2_s", 22, 256, 82, {0}, iq2_s},     {"iq1_m", 29, 256, 56, {}, iq1_m},
      {"tq1_0", 34, 256, 54, {52}, tq1_0},  {"nvfp4", 40, 64, 36, {}, nvfp4},       {"q1_0", 41, 128, 18, {0}, q1_0},
      {"q2_0", 42, 64, 18, {0}, q2_0}};
  return all;
}

}  // namespace lt::check
