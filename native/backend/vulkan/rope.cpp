#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::rope(Tensor x, Tensor positions, const Rope& rope) {
  const struct {
    uint64_t x, freqs, positions;
    uint32_t x_stride, positions_stride, dim, heads, pairs, neighbours, rows;
    float magnitude;
  } push{address(x),
         address(rope.freqs),
         address(positions),
         word_stride(x),
         word_stride(positions),
         static_cast<uint32_t>(x.cols / rope.heads),
         static_cast<uint32_t>(rope.heads),
         static_cast<uint32_t>(rope.freqs.cols),
         rope.neighbours ? 1u : 0u,
         count(x.rows),
         rope.magnitude};
  dispatch("rope", push, {groups_of(rope.freqs.cols, 64), x.rows});
}

}  // namespace lt::vulkan
