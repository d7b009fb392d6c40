#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::combine(Tensor y, Tensor x, Tensor weights) {
  const struct {
    uint64_t y, x, weights;
    uint32_t y_stride, x_stride, weights_stride, used, cols, rows;
  } push{address(y),           address(x),          address(weights), word_stride(y), word_stride(x),
         word_stride(weights), count(weights.cols), count(y.cols),    count(y.rows)};
  dispatch("combine", push, {groups_of(y.cols, 64), y.rows});
}

}  // namespace lt::vulkan
