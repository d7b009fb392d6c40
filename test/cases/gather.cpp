// gather of every type of weights.
#include <algorithm>

#include "check/check.h"
#include "harness.h"
#include "quant/type.h"

namespace lt::cases {
namespace {

CHECK_GENERATOR() {
  for (const Type type : weight_types()) {
    const int64_t cols = 2 * std::max(quant::info(type).values, 16);
    const std::vector<uint8_t> table = random_weights(type, 9, cols, 5);
    OpCase c;
    c.name = std::string("gather ") + quant::info(type).name;
    c.rows = 4;
    c.cols = cols;
    c.tolerance = 0;
    c.common = decoded_on_devices(type);
    c.run = [=](Lab& lab, std::span<const int64_t> wanted) {
      static const int32_t ids[] = {8, 0, 3, 3};
      std::vector<int32_t> tokens;
      for (const int64_t r : wanted) tokens.push_back(ids[r]);
      const auto n = static_cast<int64_t>(wanted.size());
      const Tensor y = lab.output(n, cols);
      lab.ops().gather(y, lab.weights(type, table, 9, cols), lab.ints(tokens, n, 1));
      return lab.take(y);
    };
    add_case(c);
  }
}

}  // namespace
}  // namespace lt::cases
