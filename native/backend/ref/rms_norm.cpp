#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {

// Zhang & Sennrich 2019: y = x / sqrt(mean(x^2) + eps) * w, over each head's columns.
void RefOps::rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) {
  const int64_t dim = x.cols / heads;
  for (int64_t r = 0; r < x.rows; r++) {
    for (int64_t h = 0; h < heads; h++) {
      const float* in = x.row<float>(r) + h * dim;
      float* out = y.row<float>(r) + h * dim;
      double squares = 0;
      for (int64_t c = 0; c < dim; c++) squares += static_cast<double>(in[c]) * in[c];
      const double scale = 1 / std::sqrt(squares / static_cast<double>(dim) + eps);
      for (int64_t c = 0; c < dim; c++) out[c] = static_cast<float>(in[c] * scale * (w ? w.row<float>(0)[c] : 1.0f));
    }
  }
}

}  // namespace lt::ref
