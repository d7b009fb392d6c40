// Zhang & Sennrich 2019: y = x / sqrt(mean(x^2) + eps) * w, over each head's columns. A block a row and head, of 32 threads for
// narrow heads and 256 for others. Column c's square goes to chain c mod threads, ascending; 32 chains fold as a tree, the thirty-twos
// are added ascending.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

struct NormArgs {
  View y, x;
  const float* w;  // null: none
  float eps;
  int64_t dim;
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
LT_KERNEL(T)
normalise(NormArgs p) {
  const float* x = p.x.row<float>(block_x()) + block_y() * p.dim;
  float* y = p.y.row<float>(block_x()) + block_y() * p.dim;
  float squares = 0;
  for (int64_t c = thread(); c < p.dim; c += T) squares = fmaf(x[c], x[c], squares);
  const float scale = 1 / sqrtf(block_sum<T>(squares) / static_cast<float>(p.dim) + p.eps);
  for (int64_t c = thread(); c < p.dim; c += T) y[c] = x[c] * scale * (p.w ? p.w[c] : 1.0f);
}

}  // namespace

void Gpu::rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) {
  if (y.rows == 0) return;
  const NormArgs args{y, x, static_cast<const float*>(w.data), eps, x.cols / heads};
  const Grid grid{x.rows, heads};
  if (args.dim <= 256)
    launch(on(), "rms_norm", normalise<32>, grid, 32, 0, args);
  else
    launch(on(), "rms_norm", normalise<256>, grid, 256, 0, args);
}

}  // namespace lt::gpu::LT_GPU
