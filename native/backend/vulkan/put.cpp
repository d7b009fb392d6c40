#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::put(Tensor y, Tensor x, Tensor at) {
  const struct {
    uint64_t y, x, at;
    uint32_t y_stride, x_stride, at_stride, cols, rows;
  } push{address(y), address(x), address(at), word_stride(y), word_stride(x), word_stride(at), count(x.cols), count(x.rows)};
  dispatch("put", push, {groups_of(x.cols, 64), x.rows});
}

}  // namespace lt::vulkan
