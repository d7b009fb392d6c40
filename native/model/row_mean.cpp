#include "model/row_mean.h"

#include <algorithm>

namespace lt::model {

RowMean::RowMean(Loader& loader, int64_t columns, double factor) {
  const auto each = static_cast<float>(factor / static_cast<double>(columns));
  weights_.w = loader.made(1, columns, [&](std::span<float> to) { std::fill(to.begin(), to.end(), each); });
}

void RowMean::root_square(Ops& ops, const Rows& rows, Tensor y, Tensor normed, Tensor x) const {
  constexpr float least = 1e-30f;  // keeps rows of zeros
  Scope scope(ops);
  const Tensor t = scope.like(x);
  ops.norm(normed, x, {.eps = least});
  ops.map(t, normed, x, {});
  mean(ops, rows, y, t);
}

}  // namespace lt::model
