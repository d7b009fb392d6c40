// Row kernels against references in double, the same bits on every ISA, and what the backend refuses.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "backend/cpu/isa.h"
#include "check/check.h"
#include "core/backend.h"

namespace lt::cpu {
namespace {

void silu(const Kernels& k, float* y, const float* g, const float* u, int64_t n) {
  k.map(static_cast<uint8_t>(Act::silu), {y, g, u, n, 1, false, 1, 1, 0});
}
void add(const Kernels& k, float* y, const float* a, const float* b, int64_t n) {
  k.map(static_cast<uint8_t>(Act::none), {y, a, b, n, 1, true, 1, 1, 0});
}
void norm(const Kernels& k, float* y, const float* x, const float* w, int64_t n, bool centred) {
  k.norm({y, x, w, centred ? w : nullptr, 0, 0, n, 1, 1e-5f, centred});
}

// silu(g) * 1 over the range where e^-g matters; relative error of the whole formula.
CHECK_CASE("cpu/silu is within three units of its double value, and finite everywhere") {
  for (const std::string& isa : isas()) {
    const Kernels& k = choose_isa(isa);
    double worst = 0;
    for (int64_t i = -870000; i <= 870000; i += 16) {
      float g[16], y[16], one[16];
      for (int j = 0; j < 16; j++) g[j] = static_cast<float>(i + j) * 1e-4f, one[j] = 1;
      silu(k, y, g, one, 16);
      for (int j = 0; j < 16; j++) {
        const double exact = static_cast<double>(g[j]) / (1 + std::exp(-static_cast<double>(g[j])));
        if (exact != 0) worst = std::max(worst, std::fabs((static_cast<double>(y[j]) - exact) / exact));
      }
    }
    CHECK_THAT(worst < 3.6e-7, isa << ": relative error " << worst);
    float extremes[8] = {-1e30f, -100, -88.5f, 0, 88.5f, 100, 1e30f, -0.0f}, one[8], y[8];
    for (float& v : one) v = 1;
    silu(k, y, extremes, one, 8);
    for (int j = 0; j < 8; j++) CHECK_THAT(std::isfinite(y[j]), isa << ": silu(" << extremes[j] << ") is " << y[j]);
    CHECK(y[4] == 88.5f && y[5] == 100 && y[6] == 1e30f && y[3] == 0);
    float nan = std::numeric_limits<float>::quiet_NaN(), seen = 0;
    silu(k, &seen, &nan, one, 1);
    CHECK(std::isnan(seen));
  }
}

// Every length from 1, so that every tail of a vector occurs; the values after the end must stay.
CHECK_CASE("cpu/row kernels give the same bits on every ISA and stay inside their rows") {
  const Kernels& plain = choose_isa("portable");
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (const std::string& isa : isas()) {
    const Kernels& k = choose_isa(isa);
    for (int64_t n = 1; n <= 83; n++) {
      std::vector<float> a(100), b(100), x(100, 5), y(100, 5);
      for (float& v : a) v = normal(random) * 3;
      for (float& v : b) v = normal(random);
      const auto same = [&](const char* op) {
        CHECK_THAT(std::memcmp(x.data(), y.data(), 400) == 0, op << " of " << n << " columns differs on " << isa);
        for (size_t i = static_cast<size_t>(n); i < 100; i++) CHECK(y[i] == 5);
      };
      for (const bool centred : {false, true}) {
        norm(plain, x.data(), a.data(), b.data(), n, centred), norm(k, y.data(), a.data(), b.data(), n, centred);
        same("norm");
      }
      silu(plain, x.data(), a.data(), b.data(), n), silu(k, y.data(), a.data(), b.data(), n);
      same("silu");
      add(plain, x.data(), a.data(), b.data(), n), add(k, y.data(), a.data(), b.data(), n);
      same("add");
      for (const bool neighbours : {false, true}) {
        const int64_t pairs = n / 2;
        plain.rope(x.data(), b.data(), pairs, n, 1, neighbours), k.rope(y.data(), b.data(), pairs, n, 1, neighbours);
        same("rope");
      }
      std::vector<uint16_t> h(100, 9), g(100, 9);
      plain.to_f16(h.data(), a.data(), n), k.to_f16(g.data(), a.data(), n);
      CHECK(h == g && g[static_cast<size_t>(n)] == 9);
    }
  }
}

CHECK_CASE("cpu/f16 and Q8_0 rows of the cache are the same on every ISA, extremes included") {
  const Kernels& plain = choose_isa("portable");
  std::mt19937 random(8);
  std::vector<float> values;
  for (int i = 0; i < 64000; i++) {
    const uint32_t bits = static_cast<uint32_t>(random());
    float f;
    std::memcpy(&f, &bits, 4);
    values.push_back(std::isfinite(f) ? f : 0.0f);
  }
  for (float f : {65504.0f, 65519.9f, 65520.0f, 6e-8f, 2.9e-8f, 2.98e-8f, 6.1e-5f, -6.097e-5f, 0.0f, -0.0f, 1e-30f, 3e-9f})
    values.push_back(f);
  values.resize(64032, 0.25f);
  for (const std::string& isa : isas()) {
    const Kernels& k = choose_isa(isa);
    std::vector<uint16_t> h(values.size()), g(values.size());
    plain.to_f16(h.data(), values.data(), 64032), k.to_f16(g.data(), values.data(), 64032);
    CHECK_THAT(h == g, isa);
    std::vector<uint8_t> p(values.size() / 32 * 34), q(p.size());
    plain.to_q8_0(p.data(), values.data(), 64032), k.to_q8_0(q.data(), values.data(), 64032);
    CHECK_THAT(p == q, isa);
  }
}

// Two tables are kept; here four kinds of rotation take turns.
CHECK_CASE("cpu/rope knows its tables again, whatever came between") {
  const std::unique_ptr<Backend> backend = open_backend("cpu", {});
  constexpr int64_t rows = 3, pairs = 4;
  const Tensor turns = backend->alloc(Type::i32, rows, 1), x = backend->alloc(Type::f32, rows, 2 * pairs);
  for (int64_t i = 0; i < rows; i++) *turns.row<int32_t>(i) = static_cast<int32_t>(5 * i + 1);
  std::vector<Tensor> freqs;
  for (int kind = 0; kind < 4; kind++) {
    freqs.push_back(backend->alloc(Type::f32, 1, pairs));
    for (int64_t i = 0; i < pairs; i++) freqs.back().row<float>(0)[i] = 0.1f * static_cast<float>(kind * pairs + i);
  }
  for (const size_t kind : {0, 1, 2, 0, 3, 3, 1, 0, 2, 2, 1, 0}) {
    for (int64_t i = 0; i < rows; i++)
      for (int64_t c = 0; c < 2 * pairs; c++) x.row<float>(i)[c] = c < pairs ? 1.0f : 0.0f;
    backend->ops().rope(x, turns, {.freqs = freqs[kind], .axes = {}});
    for (int64_t i = 0; i < rows; i++)
      for (int64_t c = 0; c < pairs; c++) {
        const double angle = static_cast<double>(5 * i + 1) * static_cast<double>(freqs[kind].row<float>(0)[c]);
        CHECK(std::fabs(static_cast<double>(x.row<float>(i)[c]) - std::cos(angle)) < 1e-6);
        CHECK(std::fabs(static_cast<double>(x.row<float>(i)[pairs + c]) - std::sin(angle)) < 1e-6);
      }
  }
}

CHECK_CASE("cpu/options out of range are refused, and the ISAs are named") {
  BackendOptions o;
  o.isa = "sse9";
  CHECK_THROWS(open_backend("cpu", o), Code::argument);
  o.isa = "", o.threads = -2;
  CHECK_THROWS(open_backend("cpu", o), Code::argument);
  o.threads = 257;
  CHECK_THROWS(open_backend("cpu", o), Code::argument);
  o.threads = 1;
  CHECK_THROWS(open_backend("cpu", o)->alloc(Type::f32, int64_t{1} << 40, 1024), Code::memory);
  bool found = false;
  for (const BackendEntry& b : backends())
    if (b.name == "cpu") found = b.variants && b.variants().back() == "portable";
  CHECK(found);
}

}  // namespace
}  // namespace lt::cpu
