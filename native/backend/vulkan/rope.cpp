#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::rope(Tensor x, Tensor turns, const Rope& rope) {
  const struct {
    uint64_t x, freqs, turns, axes;
    uint32_t x_stride, turns_stride, dim, start, heads, pairs, neighbours, has_axes, rows;
    float magnitude;
  } push{address(x),
         address(rope.freqs),
         address(turns),
         address(rope.axes),
         word_stride(x),
         word_stride(turns),
         count(x.cols / rope.heads),
         count(rope.start),
         count(rope.heads),
         count(rope.freqs.cols),
         rope.neighbours ? 1u : 0u,
         rope.axes ? 1u : 0u,
         count(x.rows),
         rope.magnitude};
  dispatch("rope", push, {groups_of(rope.freqs.cols, 64), x.rows});
}

}  // namespace lt::vulkan
