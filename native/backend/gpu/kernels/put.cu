// y[at[i]] = x[i].
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

struct PutArgs {
  View y, x, at;
  int64_t cols;
};

LT_KERNEL(256) put_columns(PutArgs p) {
  const int64_t i = block_x(), c = block_y() * threads() + thread();
  if (c < p.cols) p.y.row<float>(*p.at.row<int32_t>(i))[c] = p.x.row<float>(i)[c];
}

}  // namespace

void Gpu::put(Tensor y, Tensor x, Tensor at) {
  if (x.rows == 0) return;
  launch(on(), "put", put_columns, {x.rows, parts(x.cols, 256)}, 256, 0, {y, x, at, x.cols});
}

}  // namespace lt::gpu::LT_GPU
