// Blocks worked out by hand from the format's text, the table of types, and Q8_0's quantizer.
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "check/check.h"
#include "quant/type.h"
#include "quant/types.inc"

namespace {

using namespace lt;
using namespace lt::quant;

constexpr uint16_t half = 0x3800, one = 0x3c00, two = 0x4000;  // f16

template <class T>
std::vector<float> decode(const typename T::Block& b) {
  std::vector<float> y(T::values);
  info(T::id).dequantize(y.data(), &b, T::values);
  return y;
}

CHECK_CASE("quant/a 4-bit block has its low nibbles first") {
  Q4_0::Block b{half, {}};
  b.qs[0] = 0xf0;
  b.qs[15] = 0x8a;
  const auto y = decode<Q4_0>(b);
  CHECK(y[0] == -4 && y[16] == 3.5f && y[15] == 1 && y[31] == 0 && y[1] == -4);
  Q4_1::Block c{two, half, {0x21}};
  const auto z = decode<Q4_1>(c);
  CHECK(z[0] == 2.5f && z[16] == 4.5f && z[1] == 0.5f);
  IQ4_NL::Block n{half, {0xf0}};
  CHECK(decode<IQ4_NL>(n)[0] == -63.5f && decode<IQ4_NL>(n)[16] == 56.5f);
}

CHECK_CASE("quant/the fifth bits of Q5_0 and Q5_1 follow the value's number") {
  Q5_0::Block b{one, {0x01, 0x00, 0x00, 0x80}, {0x21}};
  const auto y = decode<Q5_0>(b);
  CHECK(y[0] == 1 && y[16] == -14 && y[31] == 0 && y[30] == -16 && y[1] == -16);
  Q5_1::Block c{one, half, {0x00, 0x80, 0x01, 0x00}, {0x21}};
  const auto z = decode<Q5_1>(c);
  CHECK(z[0] == 1.5f && z[16] == 18.5f && z[15] == 16.5f && z[31] == 0.5f);
}

CHECK_CASE("quant/Q4_K and Q5_K unpack scales and minima above the fourth sub-block from split bits") {
  Q4_K::Block b{one, two, {}, {}};
  b.scales[1] = 0x80 | 5;  // scale 1 is 5; the top bits belong to scale 5
  b.scales[5] = 0x40 | 7;  // minimum 1 is 7; the top bits belong to minimum 5
  b.scales[9] = 0x21;      // scale 5 is 1 | 2 << 4 = 33, minimum 5 is 2 | 1 << 4 = 18
  b.qs[3] = 0xc0;          // value 3 of sub-block 1 is 12
  b.qs[64 + 9] = 0x30;     // value 9 of sub-block 5 is 3
  const auto y = decode<Q4_K>(b);
  CHECK(y[32 + 3] == 5 * 12 - 2 * 7 && y[32] == -14 && y[5 * 32 + 9] == 33 * 3 - 2 * 18 && y[0] == 0);
  Q5_K::Block c{one, two, {}, {}, {}};
  std::memcpy(c.scales, b.scales, sizeof c.scales);
  std::memcpy(c.qs, b.qs, sizeof c.qs);
  c.qh[9] = 1 << 5;
  const auto z = decode<Q5_K>(c);
  CHECK(z[5 * 32 + 9] == 33 * 19 - 36 && z[32 + 3] == 46 && z[9] == 0);
}

CHECK_CASE("quant/Q2_K, Q3_K and Q6_K find the bits of a value in either half") {
  Q2_K::Block b{{}, {}, one, half};
  b.scales[13] = 0x43;     // half 1, n = 2, upper 16: scale 3, minimum 4
  b.qs[32 + 20] = 2 << 4;  // value 128 + 64 + 20
  CHECK(decode<Q2_K>(b)[212] == 4 && decode<Q2_K>(b)[213] == -2);
  Q3_K::Block c{{}, {}, {}, one};
  c.scales[5] = 0x70;    // scale 13: low bits 7 (high nibble of byte 13 - 8)
  c.scales[9] = 2 << 6;  // high bits 2 (byte 8 + 13 % 4, shift 6): 7 + 32
  c.qs[32 + 20] = 2 << 4;
  c.hmask[20] = 1 << 6;  // 4 * 1 + 2
  CHECK(decode<Q3_K>(c)[212] == 7 * 2 && decode<Q3_K>(c)[213] == 7 * -4);
  Q6_K::Block d{{}, {}, {}, one};
  d.scales[13] = -3;
  d.ql[64 + 20] = 0x90;  // n = 2: high nibble of ql[l]
  d.qh[32 + 20] = 3 << 4;
  CHECK(decode<Q6_K>(d)[212] == -3 * (9 + 48 - 32) && decode<Q6_K>(d)[213] == 96);
}

CHECK_CASE("quant/IQ4_XS scales are 6 bits around 32") {
  IQ4_XS::Block b{one, 2 << 10, {0, 0, 0x30, 0}, {}};
  b.qs[16 * 5 + 1] = 0x80;
  CHECK(decode<IQ4_XS>(b)[5 * 32 + 17] == 3 && decode<IQ4_XS>(b)[5 * 32] == 3 * -127 && decode<IQ4_XS>(b)[0] == -32 * -127);
}

CHECK_CASE("quant/ternary blocks hold five trits a byte, or four pairs of bits") {
  TQ1_0::Block b{{}, {}, two};
  // Trits 2 1 0 2 1 are 2*81 + 27 + 0 + 2*3 + 1 = 196 of 243, stored rounded up as a fraction of 256.
  const uint8_t byte = (196 * 256 + 242) / 243;
  b.qs[7] = b.qs[32 + 7] = b.qh[3] = byte;
  const float trits[5] = {2, 0, -2, 2, 0};
  const auto y = decode<TQ1_0>(b);
  for (int t = 0; t < 5; t++) CHECK(y[32 * t + 7] == trits[t] && y[160 + 16 * t + 7] == trits[t]);
  for (int t = 0; t < 4; t++) CHECK(y[240 + 4 * t + 3] == trits[t]);
  TQ2_0::Block c{{}, two};
  c.qs[32 + 9] = 2 << 6;
  CHECK(decode<TQ2_0>(c)[128 + 96 + 9] == 2 && decode<TQ2_0>(c)[0] == -2);
}

CHECK_CASE("quant/microscaled FP4 has scales that are powers of two or E4M3") {
  MXFP4::Block b{0, {0x72}};
  CHECK(decode<MXFP4>(b)[0] == std::ldexp(1.0f, -127) && decode<MXFP4>(b)[16] == 6 * std::ldexp(1.0f, -127));
  b.e = 129;
  CHECK(decode<MXFP4>(b)[16] == 24);
  NVFP4::Block c{{0x38, 0x7e, 0x7f, 0x03}, {}};
  c.qs[0] = c.qs[8] = c.qs[16] = c.qs[24] = 0xa7;
  const auto y = decode<NVFP4>(c);
  CHECK(y[0] == 6 && y[8] == -1 && y[16] == 6 * 448 && y[24] == -448 && y[32] == 0 && y[48] == 6 * 3 * std::ldexp(1.0f, -9));
}

CHECK_CASE("quant/one and two bit blocks run through their bytes") {
  Q1_0::Block b{two, {}};
  b.qs[15] = 0x80;
  CHECK(decode<Q1_0>(b)[127] == 2 && decode<Q1_0>(b)[126] == -2);
  Q2_0::Block c{two, {}};
  c.qs[15] = 0xc0;
  CHECK(decode<Q2_0>(c)[63] == 4 && decode<Q2_0>(c)[62] == -2);
}

CHECK_CASE("quant/code book blocks scale and sign the first points of their books") {
  IQ2_XXS::Block a{one, {1, 0, 0, 0, 3, 0, 0, 0x10}};  // point 1, signs 3 (parity even), scale 1
  const auto x = decode<IQ2_XXS>(a);
  CHECK(x[0] == -43 * 0.375f && x[1] == -8 * 0.375f && x[2] == 8 * 0.375f && x[7] == 8 * 0.375f);
  IQ2_XS::Block b{one, {1 << 9 | 2}, {0x21}};  // point 2, signs 1: value 7 is negative for the parity
  const auto y = decode<IQ2_XS>(b);
  CHECK(y[0] == -25 * 0.375f && y[1] == 25 * 0.375f && y[7] == -8 * 0.375f && y[16] == 8 * 0.625f);
  IQ3_XXS::Block c{one, {0, 1}, {0x10, 0, 0, 0x10}};  // sign 4: value 4; and 7 for the parity
  const auto z = decode<IQ3_XXS>(c);
  CHECK(z[0] == 4 * 0.75f && z[4] == -20 * 0.75f && z[7] == -4 * 0.75f && z[6] == 4 * 0.75f);
  IQ3_S::Block s{one, {1}, {}, {0x21}, {0x02}};
  const auto v = decode<IQ3_S>(s);
  CHECK(v[0] == -3 * 5 && v[1] == 5 && v[5] == -5 && v[32] == 1);
  IQ1_S::Block w{one, {1}, {0x9000}};  // scale 3, shift down
  CHECK(decode<IQ1_S>(w)[0] == 3 * 0.875f && decode<IQ1_S>(w)[1] == 3 * -1.125f && decode<IQ1_S>(w)[32] == -0.875f);
  IQ1_M::Block m{{1}, {0x08}, {0x0001, 0, 0xc000, 0x3000}};  // d = 0x3c00
  CHECK(decode<IQ1_M>(m)[0] == 3 * 0.875f && decode<IQ1_M>(m)[8] == 3 * -0.875f && decode<IQ1_M>(m)[16] == -0.875f);
}

CHECK_CASE("quant/the table has every type once and refuses the others by name") {
  std::set<std::string> names;
  int last = -1;
  for (const TypeInfo& t : types()) {
    CHECK(static_cast<int>(t.id) > last && names.insert(t.name).second && find(t.id) == &t && &info(t.id) == &t);
    CHECK(t.block == (t.values > 1) && t.bytes > 0 && (t.dequantize || !t.block));
    last = static_cast<int>(t.id);
  }
  CHECK(types().size() == 33 && std::string(info(Type{12}).name) == "Q4_K" && std::string(info(Type::bf16).name) == "BF16");
  for (const int id : {4, 5, 9, 15, 31, 32, 33, 36, 37, 38, 43, 255}) CHECK(!find(static_cast<Type>(id)));
  CHECK(std::string(retired_name(4)) == "Q4_2" && !retired_name(12) && !retired_name(1u << 31));
  CHECK_THROWS(info(Type{31}), Code::unsupported);
  CHECK(row_bytes(Type{12}, 512) == 288 && row_bytes(Type::f16, 3) == 6 && row_bytes(Type{8}, 0) == 0);
  CHECK_THROWS(row_bytes(Type{12}, 128), Code::argument);
  CHECK_THROWS(row_bytes(Type{8}, -32), Code::argument);
}

CHECK_CASE("quant/Q8_0 quantizes to the nearest, ties to even, whatever the input") {
  float x[32] = {127, -127, 2.5f, 3.5f, -2.5f, 0.4f, 0.6f};
  Q8_0::Block b;
  Q8_0::quantize(x, b);
  CHECK(b.d == one && b.qs[0] == 127 && b.qs[1] == -127 && b.qs[2] == 2 && b.qs[3] == 4 && b.qs[4] == -2 && b.qs[5] == 0 && b.qs[6] == 1);
  uint32_t state = 7;
  for (int round = 0; round < 10000; round++) {
    for (float& v : x) {
      state = state * 1664525 + 1013904223;
      v = static_cast<float>(static_cast<int32_t>(state)) * std::ldexp(1.0f, round % 60 - 60);
    }
    Q8_0::quantize(x, b);
    const auto y = decode<Q8_0>(b);
    float most = 0;
    for (const float v : x) most = std::max(most, std::fabs(v));
    const float step = std::max(most / 127, std::ldexp(1.0f, -24));
    for (int i = 0; i < 32; i++)
      CHECK_THAT(most >= 127 * 65504.0f || std::fabs(y[i] - x[i]) <= step * 0.57f + 127 * std::ldexp(1.0f, -25),
                 x[i] << " became " << y[i]);
  }
  for (const float bad : {0.0f, 1e-45f, -1e-38f, 1e38f, std::numeric_limits<float>::infinity(), NAN}) {
    for (float& v : x) v = 1;
    for (int i = 0; i < 2; i++) x[i] = bad;
    Q8_0::quantize(x, b);
    CHECK(std::isfinite(half_to_float(b.d)) == (std::fabs(bad) < 1e30f));
    std::fill(x, x + 32, bad);
    Q8_0::quantize(x, b);
    CHECK((bad == bad && std::fabs(bad) < 1e30f) == (decode<Q8_0>(b)[0] == 0));
  }
}

}  // namespace
