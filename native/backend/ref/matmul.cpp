#include "backend/ref/ref.h"

namespace lt::ref {
namespace {

// Dot products of one weight row with `n` input rows at once: independent sums, so the processor need not wait for each.
template <int n>
void dots(double* sums, const float* w, const Tensor& x, int64_t first) {
  const float* rows[n];
  for (int i = 0; i < n; i++) {
    rows[i] = x.row<float>(first + i);
    sums[i] = 0;
  }
  for (int64_t k = 0; k < x.cols; k++)
    for (int i = 0; i < n; i++) sums[i] += static_cast<double>(w[k]) * rows[i][k];
}

void product(const Tensor& x, const Product& p) {
  std::vector<float> w;
  for (int64_t m = 0; m < p.w.rows; m++) {
    decode_row(w, p.w, m);
    const double bias = p.bias ? p.bias.row<float>(0)[m] : 0.0f;
    double sums[8];
    for (int64_t r = 0; r < x.rows;) {
      const int64_t n = x.rows - r >= 8 ? 8 : 1;
      n == 8 ? dots<8>(sums, w.data(), x, r) : dots<1>(sums, w.data(), x, r);
      for (int64_t i = 0; i < n; i++) p.y.row<float>(r + i)[m] = static_cast<float>(sums[i] + bias);
      r += n;
    }
  }
}

}  // namespace

void RefOps::matmul(Tensor x, std::span<const Product> products) {
  for (const Product& p : products) product(x, p);
}

}  // namespace lt::ref
