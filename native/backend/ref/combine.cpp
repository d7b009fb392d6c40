#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::combine(Tensor y, Tensor x, Tensor weights) {
  const int64_t used = weights.cols;
  for (int64_t r = 0; r < y.rows; r++)
    for (int64_t c = 0; c < y.cols; c++) {
      double sum = 0;
      for (int64_t j = 0; j < used; j++) sum += static_cast<double>(weights.row<float>(r)[j]) * x.row<float>(r * used + j)[c];
      y.row<float>(r)[c] = static_cast<float>(sum);
    }
}

}  // namespace lt::ref
