// map: sums and gates.
#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

CHECK_GENERATOR() {
  for (const int64_t cols : {1, 64, 1000}) {
    add_rowwise(
        "add", 3, cols, 2, [](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) { lab.ops().add(y, x[0], x[1]); },
        1e-7);
    add_rowwise("map silu", 3, cols, 2, [](Lab& lab, Tensor y, const std::vector<Tensor>& x, std::span<const int64_t>) {
      lab.ops().map(y, x[0], x[1], {.act = Act::silu});
    });
  }
}

}  // namespace
}  // namespace lt::cases
