// Products of plain weights against their definition, written out: 16 lanes, lane = k mod 16, one fused multiply-add each, then
// the fold; and of BF16 against its own. Every tail of rows, tokens and columns, each ISA, bit for bit.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "backend/cpu/isa.h"
#include "check/check.h"
#include "simd/isa.h"

namespace lt::cpu {
namespace {

float defined(const std::vector<float>& w, const std::vector<float>& x, int64_t row, int64_t token, int64_t cols, const float* bias) {
  float lane[16] = {};
  for (int64_t k = 0; k < cols; k++)
    lane[k % 16] = std::fma(w[static_cast<size_t>(row * cols + k)], x[static_cast<size_t>(token * cols + k)], lane[k % 16]);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] = lane[i] + lane[i + half];
  return bias ? lane[0] + bias[row] : lane[0];
}

void compare(const Kernels& k, const MatmulKernel& kernel, int64_t rows, int64_t tokens, int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> w, x, bias;
  for (int64_t i = 0; i < rows * cols; i++) w.push_back(static_cast<float>(static_cast<int>(random() % 255) - 127) / 64);  // exact in f16
  for (int64_t i = 0; i < tokens * cols; i++) x.push_back(normal(random));
  for (int64_t i = 0; i < rows; i++) bias.push_back(normal(random));
  std::vector<uint8_t> raw(static_cast<size_t>(rows * cols * 4));
  std::vector<uint16_t> narrow(static_cast<size_t>(rows * cols));
  if (kernel.type == 1) k.to_f16(narrow.data(), w.data(), rows * cols);
  const int64_t width = kernel.type == 0 ? 4 : 2;
  std::memcpy(raw.data(), kernel.type == 0 ? static_cast<void*>(w.data()) : narrow.data(), static_cast<size_t>(rows * cols * width));
  raw.resize(static_cast<size_t>(rows * cols * width));  // an address sanitizer sees what is read past the last row
  const Prepare& prepare = *k.prepare[0];
  std::vector<float> prepared(prepare.bytes(tokens, cols) / 4), y(static_cast<size_t>(tokens * (rows + 1)), 3);
  prepare.run(prepared.data(), x.data(), cols, tokens, cols, 0, tokens);
  kernel.run({y.data(), rows + 1, bias.data(), prepared.data(), tokens, cols, raw.data(), cols * width, 0, rows, nullptr});
  for (int64_t t = 0; t < tokens; t++) {
    for (int64_t r = 0; r < rows; r++) {
      const float want = defined(w, x, r, t, cols, bias.data()), got = y[static_cast<size_t>(t * (rows + 1) + r)];
      CHECK_THAT(std::memcmp(&want, &got, 4) == 0, k.isa << " type " << int{kernel.type} << ", " << tokens << "x" << cols << " to " << rows
                                                         << ": row " << t << " column " << r << " is " << got << ", defined " << want);
    }
    CHECK(y[static_cast<size_t>(t * (rows + 1) + rows)] == 3);
  }
}

CHECK_CASE("cpu/plain matmul adds as it is defined, whatever the tile") {
  for (const std::string& isa : isas()) {
    const Kernels& k = choose_isa(isa);
    for (size_t i = 0; i < k.matmuls; i++) {
      const MatmulKernel& kernel = *k.matmul[i];
      if (kernel.type != 0 && kernel.type != 1) continue;
      for (const int64_t rows : {1, 2, 3, 5, 8, 13})
        for (const int64_t tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 29}) compare(k, kernel, rows, tokens, 53, 1);
      for (const int64_t cols : {1, 15, 16, 17, 31, 32, 33, 64, 200}) compare(k, kernel, 5, 7, cols, 2);
      compare(k, kernel, 7, 70, 2064, 3);  // tokens in several blocks
    }
  }
}

uint32_t bits_of(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
float float_of(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

// To the nearer of the two numbers of 8 bits around it, that whose last bit is zero where both are as near; zero below the normal ones.
float as_bf16(float f) {
  if (std::isnan(f)) return f;
  if (std::abs(f) < 0x1p-126f) return std::copysign(0.0f, f);
  const float low = float_of(bits_of(f) & 0xffff0000);
  const double beyond = std::abs(static_cast<double>(f) - static_cast<double>(low)), step = std::ldexp(1.0, std::ilogb(f) - 7);
  const bool up = beyond > step / 2 || (beyond == step / 2 && (bits_of(f) >> 16 & 1) != 0);
  return up ? static_cast<float>(static_cast<double>(low) + std::copysign(step, f)) : low;
}

// fma(a, b, c) rounded to 24 bits without a limit to its exponent, zero if it is no normal number: computed where there is no limit
// near, of numbers 2^45 and 2^90 times as large. For sizes up to 2^37 or so.
float flushing_fma(float a, float b, float c) {
  const auto normal = [](float f) { return std::fpclassify(f) == FP_SUBNORMAL ? std::copysign(0.0f, f) : f; };
  const float large = std::fma(std::ldexp(normal(a), 45), std::ldexp(normal(b), 45), std::ldexp(normal(c), 90));
  return std::abs(large) < 0x1p-36f ? std::copysign(0.0f, large) : std::ldexp(large, -90);
}
float flushing_add(float a, float b) { return flushing_fma(a, 1, b); }

struct Bf16Case {
  int64_t rows, tokens, cols;
  std::vector<uint16_t> w;
  std::vector<float> x, bias;

  float weight(int64_t row, int64_t k) const { return float_of(static_cast<uint32_t>(w[static_cast<size_t>(row * cols + k)]) << 16); }
  float defined(int64_t row, int64_t token) const {
    float lane[16] = {};
    for (int64_t k = 0; k < cols; k += 32) {
      for (const int64_t odd : {1, 0}) {
        for (int64_t i = 0; i < 16; i++) {
          const int64_t at = k + 2 * i + odd;
          const bool inside = at < cols;
          lane[i] = flushing_fma(inside ? weight(row, at) : 0, inside ? as_bf16(x[static_cast<size_t>(token * cols + at)]) : 0, lane[i]);
        }
      }
    }
    for (int half = 8; half > 0; half /= 2)
      for (int i = 0; i < half; i++) lane[i] = flushing_add(lane[i], lane[i + half]);
    return bias.empty() ? lane[0] : flushing_add(lane[0], bias[static_cast<size_t>(row)]);
  }
  void compare(const Kernels& k, const MatmulKernel& kernel, const std::vector<float>& wanted) const {
    const Prepare& prepare = *k.prepare[static_cast<int>(kernel.format)];
    std::vector<uint8_t> prepared(prepare.bytes(tokens, cols));
    prepare.run(prepared.data(), x.data(), cols, tokens, cols, tokens / 2, tokens);
    prepare.run(prepared.data(), x.data(), cols, tokens, cols, 0, tokens / 2);
    std::vector<float> y(static_cast<size_t>(tokens * (rows + 1)), 3);
    const auto* bytes = reinterpret_cast<const uint8_t*>(w.data());
    kernel.run(
        {y.data(), rows + 1, bias.empty() ? nullptr : bias.data(), prepared.data(), tokens, cols, bytes, cols * 2, 0, rows, nullptr});
    for (int64_t t = 0; t < tokens; t++) {
      for (int64_t r = 0; r < rows; r++) {
        const float want = wanted[static_cast<size_t>(t * rows + r)], got = y[static_cast<size_t>(t * (rows + 1) + r)];
        CHECK_THAT(bits_of(want) == bits_of(got) || (std::isnan(want) && std::isnan(got)),
                   k.isa << ", format " << static_cast<int>(kernel.format) << ", " << tokens << "x" << cols << " to " << rows << ": row "
                         << t << " column " << r << " is " << got << ", defined " << want);
      }
      CHECK(y[static_cast<size_t>(t * (rows + 1) + rows)] == 3);
    }
  }
  std::vector<float> all() const {
    std::vector<float> y;
    for (int64_t t = 0; t < tokens; t++)
      for (int64_t r = 0; r < rows; r++) y.push_back(defined(r, t));
    return y;
  }
  // On every ISA, and by AVX-512's own instruction where this CPU has it.
  void compare() const {
    const std::vector<float> wanted = all();
    for (const std::string& isa : isas()) {
      const Kernels& k = choose_isa(isa);
      compare(k, **std::find_if(k.matmul, k.matmul + k.matmuls, [](const MatmulKernel* m) { return m->type == 30; }), wanted);
      if (k.matmul_bf16_dot && simd::dots_bf16()) compare(k, *k.matmul_bf16_dot, wanted);
    }
  }
};

Bf16Case plain_case(int64_t rows, int64_t tokens, int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Bf16Case c{rows, tokens, cols, {}, {}, {}};
  for (int64_t i = 0; i < rows * cols; i++) c.w.push_back(static_cast<uint16_t>(bits_of(normal(random)) >> 16));
  for (int64_t i = 0; i < tokens * cols; i++) c.x.push_back(normal(random));
  for (int64_t i = 0; i < rows; i++) c.bias.push_back(normal(random));
  return c;
}

CHECK_CASE("cpu/BF16 matmul adds as it is defined, whatever the tile, by the instruction and without it") {
  for (const int64_t rows : {1, 2, 3, 5, 8, 13})
    for (const int64_t tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 29}) plain_case(rows, tokens, 77, 1).compare();
  for (const int64_t cols : {1, 2, 15, 16, 17, 31, 32, 33, 34, 63, 64, 65, 200}) plain_case(5, 7, cols, 2).compare();
  plain_case(7, 220, 1056, 3).compare();  // tokens in several blocks
}

// Products about the least normal number and far below it, sums that cancel down there, weights, inputs and biases of that size.
CHECK_CASE("cpu/BF16 matmul takes numbers below the normal ones for zero, read or made, on every ISA") {
  std::mt19937_64 random(5);
  const auto sized = [&](int lowest, int span) {
    return std::copysign(
        std::ldexp(1 + static_cast<float>(random() % 128) / 128, lowest + static_cast<int>(random() % static_cast<uint64_t>(span))),
        random() % 2 ? 1.0f : -1.0f);
  };
  int64_t flushed = 0, kept = 0;
  for (int round = 0; round < 40; round++) {
    const int64_t cols = round % 2 ? 32 : 77;
    Bf16Case c{9, 5, cols, {}, {}, {}};
    for (int64_t i = 0; i < c.rows * cols; i++) {
      const float w = round % 4 < 2 ? sized(round % 8 < 2 ? -74 : -70, 8) : sized(-149, 60);
      c.w.push_back(static_cast<uint16_t>(random() % 5 == 0 ? bits_of(w) >> 16 & 0x8000 : bits_of(w) >> 16));
    }
    for (int64_t i = 0; i < c.tokens * cols; i++) c.x.push_back(round % 4 < 2 ? sized(-66, 8) : sized(-130, 150));
    for (int64_t i = 0; round % 3 == 0 && i < c.rows; i++) c.bias.push_back(sized(-130, 6));
    c.compare();
    for (const float y : c.all()) (y == 0 ? flushed : kept)++;
  }
  CHECK_THAT(flushed > 20 && kept > 20, flushed << " results are zero, " << kept << " are not");
}

// One lane: its odd column makes a sum at the least normal number or two above it, the even one takes a little off, so that the sum
// lies between that and the number of 24 bits below it.
CHECK_CASE("cpu/BF16 matmul decides what is too small after it has rounded") {
  Bf16Case c{512, 1, 32, std::vector<uint16_t>(512 * 32), std::vector<float>(32), {}};
  c.x[7] = 0x1p-60f, c.x[6] = -0x1p-90f;
  int64_t both[2] = {};
  for (int64_t r = 0; r < c.rows; r++) {
    c.w[static_cast<size_t>(r * 32 + 7)] = static_cast<uint16_t>(bits_of(0x1p-66f) >> 16);
    const float off = std::ldexp(1 + static_cast<float>(r % 128) / 128, -63 + static_cast<int>(r / 128));  // 2^-153 to 2^-149
    c.w[static_cast<size_t>(r * 32 + 6)] = static_cast<uint16_t>(bits_of(off) >> 16);
  }
  for (const float y : c.all()) both[y == 0]++;
  CHECK_THAT(both[0] > 100 && both[1] > 100, both[0] << " sums are kept, " << both[1] << " are not");
  c.compare();
}

CHECK_CASE("cpu/BF16 inputs are rounded to the nearest number, ties to even; NaN and infinities stay what they are") {
  const uint32_t highs[] = {0x3f80, 0x3f81, 0xbfff, 0x0080, 0x7f7f, 0x7f80, 0xff80, 0x0000, 0x007f, 0x8040, 0x7fff};
  const uint32_t lows[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
  Bf16Case c{1, static_cast<int64_t>(std::size(highs) * std::size(lows)), 1, {0x3f80}, {}, {}};
  std::vector<float> wanted;
  for (const uint32_t high : highs)
    for (const uint32_t low : lows) {
      c.x.push_back(float_of(high << 16 | low));
      wanted.push_back(as_bf16(c.x.back()) + 0.0f);
    }
  for (const std::string& isa : isas()) {
    const Kernels& k = choose_isa(isa);
    c.compare(k, **std::find_if(k.matmul, k.matmul + k.matmuls, [](const MatmulKernel* m) { return m->type == 30; }), wanted);
    if (k.matmul_bf16_dot && simd::dots_bf16()) c.compare(k, *k.matmul_bf16_dot, wanted);
  }
}

// A float of few or many bits, near 1, near the ends of the range or below the normal numbers.
float hard(std::mt19937_64& random) {
  auto bits = static_cast<uint32_t>(random());
  const auto kind = random() % 6;
  if (kind < 2) bits &= kind ? 0xffff0000 : 0xfffff000;
  if (kind == 2) bits &= 0x80000003 | 0x7f800000;
  const uint32_t first = kind == 5 ? 0 : kind == 4 ? 1 : 112, exponents = kind == 5 ? 40 : kind == 4 ? 253 : 32;
  bits = (bits & 0x807fffff) | static_cast<uint32_t>(first + random() % exponents) << 23;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

// Lane 5 of two vectors: fma(a, b, fma(c, 1, 0)). Where c lies far from a * b, or their sum halfway between two floats, or below the
// normal numbers, an addition in double that is rounded again gives another number.
CHECK_CASE("cpu/f32 products are fused multiply-adds, also where rounding twice would show") {
  constexpr int64_t rows = 20000, cols = 32;
  std::mt19937_64 random(11);
  int64_t twice = 0;
  for (int round = 0; round < 4; round++) {
    std::vector<float> w(rows * cols), x(cols), y(rows);
    const float b = round < 2 ? hard(random) : 1 + static_cast<float>(random() % 4096) / 4096;
    x[5] = 1, x[21] = b;
    for (size_t r = 0; r < rows; r++) {
      const float a = hard(random), p = a * b;
      w[r * cols + 21] = a;
      w[r * cols + 5] = r % 3 ? std::ldexp(p, static_cast<int>(random() % 60) - 30) : hard(random);
    }
    for (const std::string& isa : isas()) {
      const Kernels& k = choose_isa(isa);
      const MatmulKernel& kernel = **std::find_if(k.matmul, k.matmul + k.matmuls, [](const MatmulKernel* m) { return m->type == 0; });
      kernel.run({y.data(), rows, nullptr, x.data(), 1, cols, reinterpret_cast<const uint8_t*>(w.data()), cols * 4, 0, rows, nullptr});
      for (size_t r = 0; r < rows; r++) {
        const float a = w[r * cols + 21], c = w[r * cols + 5], want = std::fma(a, b, c) + 0.0f;
        const auto rounded_twice = static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
        twice += want != rounded_twice && std::isfinite(want);
        CHECK_THAT(std::memcmp(&want, &y[r], 4) == 0 || (std::isnan(want) && std::isnan(y[r])),
                   isa << ": fma(" << a << ", " << b << ", " << c << ") is " << y[r] << ", expected " << want);
      }
    }
  }
  CHECK_THAT(twice > 20, "only " << twice << " of the numbers tell the two apart");
}

CHECK_CASE("cpu/every F16 number is read as it is, in whole vectors and in the last one") {
  constexpr int64_t rows = 65536;
  for (const std::string& isa : isas()) {
    const Kernels& k = choose_isa(isa);
    const MatmulKernel& kernel = **std::find_if(k.matmul, k.matmul + k.matmuls, [](const MatmulKernel* m) { return m->type == 1; });
    for (const int64_t cols : {1, 16}) {
      std::vector<uint16_t> w(static_cast<size_t>(rows * cols));
      std::vector<float> x(16), y(rows);
      x[static_cast<size_t>(cols - 1)] = 1;
      for (size_t r = 0; r < rows; r++) w[(r + 1) * static_cast<size_t>(cols) - 1] = static_cast<uint16_t>(r);
      kernel.run({y.data(), rows, nullptr, x.data(), 1, cols, reinterpret_cast<const uint8_t*>(w.data()), cols * 2, 0, rows, nullptr});
      for (int r = 0; r < rows; r++) {
        const int exponent = r >> 10 & 31, fraction = r & 1023;
        const double size = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
        const double want = exponent < 31 ? size : fraction ? NAN : INFINITY, got = static_cast<double>(y[static_cast<size_t>(r)]);
        CHECK_THAT(std::isnan(want) ? std::isnan(got) : got == (r & 0x8000 ? -want : want), isa << ": F16 " << r << " is read as " << got);
      }
    }
  }
}

}  // namespace
}  // namespace lt::cpu
