#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::add(Tensor y, Tensor a, Tensor b) {
  const struct {
    uint64_t y, a, b;
    uint32_t y_stride, a_stride, b_stride, cols, rows;
  } push{address(y),     address(a),     address(b),  //
         word_stride(y), word_stride(a), word_stride(b), static_cast<uint32_t>(y.cols), count(y.rows)};
  dispatch("add", push, {groups_of(y.cols, 64), y.rows});
}

}  // namespace lt::vulkan
