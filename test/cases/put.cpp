// put: some rows of y are others, which come in any order; the rest stay.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

CHECK_GENERATOR() {
  for (const int64_t cols : {1, 7, 96}) {
    OpCase c;
    c.name = "put " + std::to_string(cols) + " columns";
    c.rows = 13;
    c.cols = cols;
    c.tolerance = 0;
    c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
      const auto n = static_cast<int64_t>(wanted.size());
      std::vector<int64_t> given;
      std::vector<int32_t> at;
      for (int64_t i = n - 1; i >= 0; i--) {
        const int64_t r = wanted[static_cast<size_t>(i)];
        if (r % 3 == 1) continue;
        given.push_back(r);
        at.push_back(static_cast<int32_t>(i));
      }
      const Tensor y = lab.output(n, cols, picked(gaussian(1, 13 * cols), wanted, cols));
      const auto count = static_cast<int64_t>(at.size());
      lab.ops().put(y, lab.floats(picked(gaussian(2, 13 * cols), given, cols), count, cols), lab.ints(at, count, 1));
      return lab.take(y);
    };
    add_case(c);
  }
}

}  // namespace
}  // namespace lt::cases
