#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::add(Tensor y, Tensor a, Tensor b) {
  for (int64_t r = 0; r < y.rows; r++)
    for (int64_t c = 0; c < y.cols; c++) y.row<float>(r)[c] = a.row<float>(r)[c] + b.row<float>(r)[c];
}

}  // namespace lt::ref
