// glu, the fused gate and up product: right, and the same bits as its default body.
#include <cstring>

#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

void add_glu(Type type, int64_t rows, int64_t cols, int64_t outs) {
  OpCase c;
  c.name = std::string("glu ") + quant::info(type).name + " " + std::to_string(rows) + "x" + std::to_string(cols);
  c.rows = rows;
  c.cols = outs;
  c.tolerance = 4e-6;
  c.rounded = quant::info(type).block ? 8e-2 : 4e-6;  // of two products, see matmul.cpp
  c.needs = {static_cast<size_t>(rows * outs * 4 + 4096), static_cast<size_t>(rows * cols * 4)};
  const std::vector<uint8_t> g = random_weights(type, outs, cols, 1), u = random_weights(type, outs, cols, 2);
  const std::vector<float> x = gaussian(3, rows * cols);
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    const Tensor in = lab.floats(picked(x, wanted, cols), n, cols), y = lab.output(n, outs), plain = lab.output(n, outs);
    const Product gate{{}, lab.weights(type, g, outs, cols), {}}, up{{}, lab.weights(type, u, outs, cols), {}};
    lab.ops().glu(y, in, gate, up, {.act = Act::silu}, {});
    lab.ops().Ops::glu(plain, in, gate, up, {.act = Act::silu}, {});
    const std::vector<float> fused = lab.take(y), unfused = lab.take(plain);
    CHECK_THAT(std::memcmp(fused.data(), unfused.data(), fused.size() * 4) == 0, "the fused form differs from its default body");
    return fused;
  };
  add_case(c);
}

CHECK_GENERATOR() {
  for (const uint8_t id : {0, 1, 30, 8, 2, 3, 12, 14}) {
    add_glu(Type{id}, 1, 512, 70);
    add_glu(Type{id}, 9, 256, 64);
  }
}

}  // namespace
}  // namespace lt::cases
