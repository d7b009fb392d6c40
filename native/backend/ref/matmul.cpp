#include <algorithm>

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

// Rows [first, first + count) of p.w times all rows of x.
void product(const Tensor& x, const Product& p, int64_t first, int64_t count) {
  std::vector<float> w;
  for (int64_t m = 0; m < count; m++) {
    decode_row(w, p.w, first + m);
    const double bias = p.bias ? p.bias.row<float>(first / count)[m] : 0.0f;
    double sums[8];
    for (int64_t r = 0; r < x.rows;) {
      const int64_t n = x.rows - r >= 8 ? 8 : 1;
      n == 8 ? dots<8>(sums, w.data(), x, r) : dots<1>(sums, w.data(), x, r);
      for (int64_t i = 0; i < n; i++) p.y.row<float>(r + i)[m] = static_cast<float>(sums[i] + bias);
      r += n;
    }
  }
}

// Row by row: each has a matrix of its own.
void chosen(const Tensor& x, const Product& p, const Choice& choice) {
  const int64_t used = choice.ids ? choice.ids.cols : 1, held = p.w.rows / p.y.cols;
  for (int64_t r = 0; r < x.rows; r++)
    for (int64_t j = 0; j < used; j++) {
      const int64_t which = choice.ids ? choice.ids.row<int32_t>(r)[j] - choice.first : r % choice.count;
      Product one = p;
      one.y = p.y.slice(r * used + j, 1);
      if (which >= 0 && which < held)
        product(x.slice(r, 1), one, which * p.y.cols, p.y.cols);
      else
        std::fill_n(one.y.row<float>(0), one.y.cols, 0.0f);
    }
}

}  // namespace

void RefOps::matmul(Tensor x, std::span<const Product> products, const Choice& choice) {
  for (const Product& p : products) choice ? chosen(x, p, choice) : product(x, p, 0, p.w.rows);
}

}  // namespace lt::ref
