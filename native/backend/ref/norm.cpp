#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {
namespace {

// Zhang & Sennrich 2019; centred: Ba et al. 2016.
void norm_one(float* y, const float* x, const float* w, const float* b, int64_t n, const Norm& norm) {
  double mean = 0, squares = 0;
  if (norm.centred)
    for (int64_t c = 0; c < n; c++) mean += x[c];
  mean /= static_cast<double>(n);
  for (int64_t c = 0; c < n; c++) squares += (x[c] - mean) * (x[c] - mean);
  const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + norm.eps);
  for (int64_t c = 0; c < n; c++) {
    const double v = (x[c] - mean) * scale * (w ? w[c] : 1.0f);
    y[c] = static_cast<float>(b ? v + b[c] : v);
  }
}

const float* of_head(const Tensor& t, int64_t head) { return t ? t.row<float>(t.rows > 1 ? head : 0) : nullptr; }

}  // namespace

void RefOps::norm(Tensor y, Tensor x, const Norm& n) {
  const int64_t dim = x.cols / n.heads;
  for (int64_t r = 0; r < x.rows; r++)
    for (int64_t h = 0; h < n.heads; h++)
      norm_one(y.row<float>(r) + h * dim, x.row<float>(r) + h * dim, of_head(n.w, h), of_head(n.b, h), dim, n);
}

}  // namespace lt::ref
