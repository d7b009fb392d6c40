#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/weights.h"

namespace lt::gpu::LT_GPU {
namespace {

bool wide(const Tensor& t) { return reinterpret_cast<uintptr_t>(t.data) % 16 == 0 && t.stride % 16 == 0; }

}  // namespace

void Gpu::matmul(Tensor x, std::span<const Product> products) {
  if (x.rows == 0) return;
  for (const Product& p : products)
    weights(p.w.type).matmul(on(), {.y = p.y,
                                    .x = x,
                                    .w = p.w,
                                    .bias = static_cast<const float*>(p.bias.data),
                                    .rows = x.rows,
                                    .cols = x.cols,
                                    .outputs = p.w.rows,
                                    .wide_x = wide(x),
                                    .wide_w = wide(p.w)});
}

}  // namespace lt::gpu::LT_GPU
