// Products of plain weights against their definition, written out: 16 lanes, lane = k mod 16, one fused multiply-add each, then
// the fold. Every tail of rows, tokens and columns, each ISA, bit for bit.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "backend/cpu/isa.h"
#include "check/check.h"

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
  for (int64_t i = 0; i < rows * cols; i++) w.push_back(static_cast<float>(static_cast<int>(random() % 255) - 127) / 64);  // exact in bf16
  for (int64_t i = 0; i < tokens * cols; i++) x.push_back(normal(random));
  for (int64_t i = 0; i < rows; i++) bias.push_back(normal(random));
  std::vector<uint8_t> raw(static_cast<size_t>(rows * cols * 4));
  std::vector<uint16_t> narrow(static_cast<size_t>(rows * cols));
  if (kernel.type == 1) k.to_f16(narrow.data(), w.data(), rows * cols);
  for (size_t i = 0; kernel.type == 30 && i < w.size(); i++) {
    uint32_t bits;
    std::memcpy(&bits, &w[i], 4);
    narrow[i] = static_cast<uint16_t>(bits >> 16);
  }
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
      if (kernel.type != 0 && kernel.type != 1 && kernel.type != 30) continue;
      for (const int64_t rows : {1, 2, 3, 5, 8, 13})
        for (const int64_t tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 29}) compare(k, kernel, rows, tokens, 53, 1);
      for (const int64_t cols : {1, 15, 16, 17, 31, 32, 33, 64, 200}) compare(k, kernel, 5, 7, cols, 2);
      compare(k, kernel, 7, 70, 2064, 3);  // tokens in several blocks
    }
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
