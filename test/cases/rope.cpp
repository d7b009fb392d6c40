// rope: neighbours and halves, all columns of a head or some.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

struct Turning {
  int64_t rows, heads, dim, pairs;
  bool neighbours;
  float magnitude;
};

// A position's angle reaches 1e5 radians, which f32 frequencies give to 1e-7 of the position.
void add_rope(const Turning& t) {
  std::vector<float> freqs;
  for (int64_t i = 0; i < t.pairs; i++) freqs.push_back(1.0f / static_cast<float>(1 + i * i));
  OpCase c;
  c.name = std::string("rope ") + (t.neighbours ? "neighbours" : "halves") + " heads " + std::to_string(t.heads) + " " +
           std::to_string(t.rows) + "x" + std::to_string(t.heads * t.dim);
  c.rows = t.rows;
  c.cols = t.heads * t.dim;
  c.tolerance = 2e-6;
  const std::vector<float> values = gaussian(1, c.rows * c.cols, 3);
  c.run = [=, cols = c.cols](Lab& lab, std::span<const int64_t> rows) {
    static const int32_t positions[] = {0, 1, 2, 63, 64, 1000, 8191, 131071};
    std::vector<int32_t> turns;
    for (const int64_t r : rows) turns.push_back(positions[r]);
    const auto n = static_cast<int64_t>(rows.size());
    const Tensor x = lab.output(n, cols, picked(values, rows, cols));
    Rope rope;
    rope.freqs = lab.floats(freqs, 1, t.pairs);
    rope.magnitude = t.magnitude;
    rope.heads = t.heads;
    rope.neighbours = t.neighbours;
    lab.ops().rope(x, lab.ints(turns, n, 1), rope);
    return lab.take(x);
  };
  add_case(c);
}

CHECK_GENERATOR() {
  for (const Turning& t : {Turning{8, 3, 64, 32, true, 1}, Turning{8, 2, 80, 40, false, 1}, Turning{5, 1, 32, 8, false, 1.25f},
                           Turning{4, 4, 20, 5, true, 1}, Turning{3, 1, 6, 3, false, 1}})
    add_rope(t);
}

}  // namespace
}  // namespace lt::cases
