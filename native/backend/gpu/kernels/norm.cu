// y = x / sqrt(mean(x^2) + eps) * w + b over each head's columns (Zhang & Sennrich 2019), x less its mean first where it is centred
// (Ba et al. 2016). A block a row and head, of 32 threads for narrow heads and 256 for others. Column c's value or square goes to chain
// c mod threads, ascending; 32 chains fold as a tree, the thirty-twos are added ascending.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

struct NormArgs {
  View y, x, w, b;  // w, b without rows of their own: stride 0; without data: none
  float eps;
  int64_t dim;
  bool centred;
};

template <int T>
LT_DEVICE float block_sum(float x) {
  for (int mask = 1; mask < 32; mask *= 2) x += shuffle_xor(x, mask);
  if constexpr (T == 32) {
    return x;
  } else {
    LT_SHARED(float, sums, T / 32);
    if (thread() % 32 == 0) sums[thread() / 32] = x;
    sync();
    float all = sums[0];
    for (int i = 1; i < T / 32; i++) all += sums[i];
    return all;
  }
}

template <int T>
LT_DEVICE float mean_of(const float* x, int64_t dim) {
  float sum = 0;
  for (int64_t c = thread(); c < dim; c += T) sum += x[c];
  const float mean = block_sum<T>(sum) / static_cast<float>(dim);
  sync();  // the sums were read
  return mean;
}

template <int T>
LT_KERNEL(T)
normalise(NormArgs p) {
  const float* x = p.x.row<float>(block_x()) + block_y() * p.dim;
  float* y = p.y.row<float>(block_x()) + block_y() * p.dim;
  const float *w = p.w.row<float>(block_y()), *b = p.b.row<float>(block_y());
  const float mean = p.centred ? mean_of<T>(x, p.dim) : 0;
  float squares = 0;
  for (int64_t c = thread(); c < p.dim; c += T) squares = fmaf(x[c] - mean, x[c] - mean, squares);
  const float scale = 1 / sqrtf(block_sum<T>(squares) / static_cast<float>(p.dim) + p.eps);
  for (int64_t c = thread(); c < p.dim; c += T) {
    const float v = (x[c] - mean) * scale * (w ? w[c] : 1.0f);
    y[c] = b ? v + b[c] : v;
  }
}

// One row is every head's.
View by_head(const Tensor& t) {
  View v = t;
  if (t.rows <= 1) v.stride = 0;
  return v;
}

}  // namespace

void Gpu::norm(Tensor y, Tensor x, const Norm& n) {
  if (y.rows == 0) return;
  const NormArgs args{y, x, by_head(n.w), by_head(n.b), n.eps, x.cols / n.heads, n.centred};
  const Grid grid{x.rows, n.heads};
  if (args.dim <= 256)
    launch(on(), "norm", normalise<32>, grid, 32, 0, args);
  else
    launch(on(), "norm", normalise<256>, grid, 256, 0, args);
}

}  // namespace lt::gpu::LT_GPU
