// glu, the fused gate and up product, also of experts: right, and the same bits as its default body.
#include <algorithm>
#include <cstring>

#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

struct Gated {
  Type type;
  int64_t rows, cols, outs;
  std::string with{};
  Map map{.act = Act::silu};
  int64_t experts = 0;  // of which each row takes two; biased. None: one matrix, no bias

  int64_t count() const { return std::max<int64_t>(experts, 1); }
};

Choice choice_of(Lab& lab, const Gated& s, std::span<const int64_t> rows) {
  if (!s.experts) return {};
  std::vector<int32_t> ids;
  for (const int64_t r : rows)
    for (const int64_t id : {r, 2 * r + 1}) ids.push_back(static_cast<int32_t>(id % s.experts));
  return {.ids = lab.ints(ids, std::ssize(rows), 2), .count = s.experts};
}

void add_glu(const Gated& s) {
  OpCase c;
  c.name = std::string("glu ") + s.with + quant::info(s.type).name + " " + std::to_string(s.rows) + "x" + std::to_string(s.cols);
  c.rows = s.rows;
  c.cols = s.outs * (s.experts ? 2 : 1);
  c.tolerance = 4e-6;
  // Of two products (see matmul.cpp); one in an exponent weighs more.
  const double one = quant::info(s.type).block ? 4e-2 : s.type == Type::bf16 ? 6e-3 : 0;
  c.rounded = std::max(c.tolerance, (s.map.act == Act::swiglu ? 4 : 2) * one);
  // What is done to two products is one code for all types, which a type that devices take as it is and one that they round show
  // everywhere.
  if (s.type != Type::f16 && s.type != Type{8}) c.common = std::string("glu ") + quant::info(s.type).name;
  const int64_t outs = s.count() * s.outs;
  const std::vector<uint8_t> g = random_weights(s.type, outs, s.cols, 1), u = random_weights(s.type, outs, s.cols, 2);
  const std::vector<float> x = gaussian(3, s.rows * s.cols);
  c.run = [=, cols = c.cols](Lab& lab, std::span<const int64_t> wanted) {
    const int64_t n = std::ssize(wanted), results = n * cols / s.outs;
    const auto part = [&](const std::vector<uint8_t>& w, uint64_t seed) {
      return Product{{}, lab.weights(s.type, w, outs, s.cols), s.experts ? lab.floats(gaussian(seed, outs), s.experts, s.outs) : Tensor{}};
    };
    const Tensor in = lab.floats(picked(x, wanted, s.cols), n, s.cols);
    const Tensor y = lab.output(results, s.outs), plain = lab.output(results, s.outs);
    const Product gate = part(g, 4), up = part(u, 5);
    const Choice choice = choice_of(lab, s, wanted);
    lab.ops().glu(y, in, gate, up, s.map, choice);
    lab.ops().Ops::glu(plain, in, gate, up, s.map, choice);
    const std::vector<float> fused = lab.take(y), unfused = lab.take(plain);
    CHECK_THAT(std::memcmp(fused.data(), unfused.data(), fused.size() * 4) == 0, "the fused form differs from its default body");
    return fused;
  };
  add_case(c);
}

CHECK_GENERATOR() {
  const Map swiglu{.act = Act::swiglu, .inner = 1.702f, .limit = 7};
  for (const uint8_t id : {0, 1, 30, 8, 2, 3, 12, 14}) {
    add_glu({Type{id}, 1, 512, 70});
    add_glu({Type{id}, 9, 256, 64});
    add_glu({Type{id}, 3, 256, 40, "gelu_tanh ", {.act = Act::gelu_tanh}});
    add_glu({Type{id}, 1, 256, 40, "of experts ", {.act = Act::silu}, 3});
    add_glu({Type{id}, 21, 256, 33, "of experts, swiglu ", swiglu, 5});
  }
  add_glu({Type::bf16, 5, 64, 20, "silu of a part ", {.act = Act::silu, .inner = 0.3f}});
  add_glu({Type::f16, 5, 64, 20, "relu2 ", {.act = Act::relu2}});
  add_glu({Type{39}, 5, 64, 32, "of experts, swiglu ", swiglu, 4});
}

}  // namespace
}  // namespace lt::cases
