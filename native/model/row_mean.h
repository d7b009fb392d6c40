// Means of rows, and root mean squares, which no op gives as numbers: as products with one row of weights.
#pragma once
#include "model/linear.h"

namespace lt::model {

class RowMean {
 public:
  RowMean() = default;
  // Of rows of so many columns, times `factor`.
  RowMean(Loader& loader, int64_t columns, double factor = 1);

  int64_t columns() const { return weights_.w.cols; }
  // y (n, 1) of x
  void mean(Ops& ops, const Rows& rows, Tensor y, Tensor x) const { linear(ops, rows, y, x, weights_); }
  // x / its root mean square r, and y = r, which is the mean of x * (x / r). normed may not be x.
  void root_square(Ops& ops, const Rows& rows, Tensor y, Tensor normed, Tensor x) const;

 private:
  Linear weights_;
};

}  // namespace lt::model
