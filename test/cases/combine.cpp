// combine: the weighted sum of a row's results.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

void add_combine(int64_t rows, int64_t cols, int64_t used) {
  OpCase c;
  c.name = "combine " + std::to_string(used) + " of " + std::to_string(rows) + "x" + std::to_string(cols);
  c.rows = rows;
  c.cols = cols;
  c.tolerance = 1e-6;
  c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
    const auto n = static_cast<int64_t>(wanted.size());
    const Tensor x = lab.floats(picked(gaussian(1, rows * used * cols), wanted, used * cols), n * used, cols);
    const Tensor weights = lab.floats(picked(gaussian(2, rows * used), wanted, used), n, used);
    const Tensor y = lab.output(n, cols);
    lab.ops().combine(y, x, weights);
    return lab.take(y);
  };
  add_case(c);
}

CHECK_GENERATOR() {
  add_combine(1, 64, 2);
  add_combine(5, 70, 1);
  add_combine(5, 70, 3);
  add_combine(40, 33, 8);
  add_combine(3, 1000, 10);
}

}  // namespace
}  // namespace lt::cases
