// y[r] = the sum over j, ascending, of weights[r][j] * x[r * used + j], one fused multiply-add each.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

struct CombineArgs {
  View y, x, weights;
  int64_t cols, used;
};

LT_KERNEL(256) combine_columns(CombineArgs p) {
  const int64_t r = block_x(), c = block_y() * threads() + thread();
  if (c >= p.cols) return;
  const float* weights = p.weights.row<float>(r);
  float sum = 0;
  for (int64_t j = 0; j < p.used; j++) sum = fmaf(weights[j], p.x.row<float>(r * p.used + j)[c], sum);
  p.y.row<float>(r)[c] = sum;
}

}  // namespace

void Gpu::combine(Tensor y, Tensor x, Tensor weights) {
  if (y.rows == 0) return;
  launch(on(), "combine", combine_columns, {y.rows, parts(y.cols, 256)}, 256, 0, {y, x, weights, y.cols, weights.cols});
}

}  // namespace lt::gpu::LT_GPU
