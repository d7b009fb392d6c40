#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/weights.h"

namespace lt::gpu::LT_GPU {

void Gpu::matmul(Tensor x, std::span<const Product> products) {
  if (x.rows == 0) return;
  for (const Product& p : products)
    weights(p.w.type).matmul(on(), {p.y, x, p.w, static_cast<const float*>(p.bias.data), x.rows, x.cols, p.w.rows});
}

}  // namespace lt::gpu::LT_GPU
