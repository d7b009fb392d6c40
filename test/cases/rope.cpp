// rope: neighbours and halves, all columns of a head or some, from its first column or a later one, several axes.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

struct Turning {
  int64_t rows, heads, dim, pairs;
  bool neighbours;
  float magnitude;
  int64_t start = 0, axes = 1;
  bool in_sections = false;  // pairs of an axis follow one another, else they take turns
};

std::string text_of(const Turning& t) {
  return std::string("rope ") + (t.neighbours ? "neighbours" : "halves") + " heads " + std::to_string(t.heads) +
         (t.start ? " from column " + std::to_string(t.start) : "") +
         (t.axes > 1 ? (t.in_sections ? " sections of " : " turns of ") + std::to_string(t.axes) + " axes" : "") + " " +
         std::to_string(t.rows) + "x" + std::to_string(t.heads * t.dim);
}

// A position's angle reaches 1e5 radians, which f32 frequencies give to 1e-7 of the position.
std::vector<float> run_rope(Lab& lab, const Turning& t, std::span<const int64_t> rows) {
  static const int32_t positions[] = {0, 1, 2, 63, 64, 1000, 8191, 131071};
  const auto n = static_cast<int64_t>(rows.size());
  std::vector<float> freqs;
  std::vector<int32_t> turns, axes;
  for (int64_t i = 0; i < t.pairs; i++) {
    freqs.push_back(1.0f / static_cast<float>(1 + i * i));
    axes.push_back(static_cast<int32_t>(t.in_sections ? i * t.axes / t.pairs : i % t.axes));
  }
  for (const int64_t r : rows)
    for (int64_t a = 0; a < t.axes; a++) turns.push_back(positions[(r + 3 * a) % 8]);
  const Tensor x = lab.output(n, t.heads * t.dim, picked(gaussian(1, t.rows * t.heads * t.dim, 3), rows, t.heads * t.dim));
  lab.ops().rope(x, lab.ints(turns, n, t.axes),
                 {.freqs = lab.floats(freqs, 1, t.pairs),
                  .axes = t.axes > 1 ? lab.ints(axes, 1, t.pairs) : Tensor{},
                  .magnitude = t.magnitude,
                  .heads = t.heads,
                  .start = t.start,
                  .neighbours = t.neighbours});
  return lab.take(x);
}

CHECK_GENERATOR() {
  for (const Turning& t :
       {Turning{8, 3, 64, 32, true, 1}, Turning{8, 2, 80, 40, false, 1}, Turning{5, 1, 32, 8, false, 1.25f}, Turning{4, 4, 20, 5, true, 1},
        Turning{3, 1, 6, 3, false, 1}, Turning{8, 3, 40, 8, true, 1, 24}, Turning{8, 2, 40, 8, false, 1.5f, 24},
        Turning{5, 2, 21, 5, false, 1, 7}, Turning{5, 2, 21, 5, true, 1, 7}, Turning{8, 2, 48, 24, false, 1, 0, 3, true},
        Turning{8, 2, 48, 24, false, 1, 0, 3, false}, Turning{8, 1, 40, 10, true, 1, 4, 4, true}}) {
    OpCase c;
    c.name = text_of(t);
    c.rows = t.rows;
    c.cols = t.heads * t.dim;
    c.tolerance = 2e-6;
    c.run = [=](Lab& lab, std::span<const int64_t> rows) { return run_rope(lab, t, rows); };
    add_case(c);
  }
}

}  // namespace
}  // namespace lt::cases
