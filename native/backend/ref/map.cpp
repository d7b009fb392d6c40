#include <algorithm>
#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double activate(double x, const Map& m) {
  constexpr double pi = 3.14159265358979323846;
  switch (m.act) {
    case Act::none:
    case Act::swiglu:
      return x;
    case Act::silu:
      return x / (1 + std::exp(-x));  // Elfwing et al. 2017
    case Act::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));  // Hendrycks & Gimpel 2016, here and below
    case Act::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
    case Act::relu:
      return std::max(x, 0.0);
    case Act::relu2:
      return std::max(x, 0.0) * std::max(x, 0.0);  // So et al. 2021
    case Act::sigmoid:
      return sigmoid(x);
    case Act::softplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case Act::tanh:
      return std::tanh(x);
    case Act::elu:
      return x > 0 ? x : std::expm1(x);  // Clevert et al. 2015
    case Act::clamp:
      return std::clamp(x, -static_cast<double>(m.limit), static_cast<double>(m.limit));
  }
  return x;
}

double apply(double a, double b, bool has_b, const Map& m) {
  if (m.act == Act::swiglu) {
    const double limit = m.limit, g = std::min(a, limit), u = std::clamp(b, -limit, limit);
    return m.outer * (g * sigmoid(m.inner * g) * (u + 1));
  }
  const double y = m.outer * activate(m.inner * a, m);
  return !has_b ? y : m.adds ? y + b : y * b;
}

}  // namespace

void RefOps::map(Tensor y, Tensor a, Tensor b, const Map& m) {
  const int64_t stretch = b ? y.cols / b.cols : 1;
  for (int64_t r = 0; r < y.rows; r++) {
    const float* other = b ? b.row<float>(b.rows == 1 ? 0 : r) : nullptr;
    for (int64_t c = 0; c < y.cols; c++)
      y.row<float>(r)[c] = static_cast<float>(apply(a.row<float>(r)[c], other ? other[c / stretch] : 0, b.data != nullptr, m));
  }
}

}  // namespace lt::ref
