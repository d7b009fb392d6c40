#include <algorithm>

#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::put(Tensor y, Tensor x, Tensor at) {
  for (int64_t i = 0; i < x.rows; i++) std::copy_n(x.row<float>(i), x.cols, y.row<float>(*at.row<int32_t>(i)));
}

}  // namespace lt::ref
