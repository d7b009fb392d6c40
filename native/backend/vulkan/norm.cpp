#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) {
  const struct {
    uint64_t y, x, w;
    uint32_t y_stride, x_stride, dim, weighted, rows;
    float eps;
  } push{address(y),  address(x),    address(w), word_stride(y), word_stride(x), static_cast<uint32_t>(x.cols / heads),
         w ? 1u : 0u, count(x.rows), eps};
  dispatch("rms_norm", push, {heads, x.rows});
}

}  // namespace lt::vulkan
