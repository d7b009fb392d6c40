#include <algorithm>

#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/weights.h"

namespace lt::gpu::LT_GPU {
namespace {

bool wide(const Tensor& t) { return reinterpret_cast<uintptr_t>(t.data) % 16 == 0 && t.stride % 16 == 0; }

}  // namespace

void Gpu::matmul(Tensor x, std::span<const Product> products) {
  if (x.rows == 0) return;
  for (const Product& p : products) {
    MatmulArgs args{.y = p.y,
                    .x = x,
                    .w = p.w,
                    .bias = static_cast<const float*>(p.bias.data),
                    .rows = x.rows,
                    .cols = x.cols,
                    .outputs = p.w.rows,
                    .wide_x = wide(x),
                    .wide_w = wide(p.w)};
    weights(p.w.type).matmul(on(), args);
    if (!preparing_) continue;
    for (const int64_t rows : {int64_t{1}, few_from, tiles_from, wide_tiles_from}) {  // steps have any number of rows up to this
      args.rows = std::min(rows, x.rows);
      weights(p.w.type).matmul(on(), args);
    }
  }
}

}  // namespace lt::gpu::LT_GPU
