#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

// Words from a head's to the next's: none where all heads have the same.
uint32_t head_stride(const Tensor& t) { return t.rows > 1 ? word_stride(t) : 0; }

}  // namespace

void VulkanOps::norm(Tensor y, Tensor x, const Norm& n) {
  const struct {
    uint64_t y, x, w, b;
    uint32_t y_stride, x_stride, w_stride, b_stride, dim, weighted, biased, centred, rows;
    float eps;
  } push{address(y),
         address(x),
         address(n.w),
         address(n.b),
         word_stride(y),
         word_stride(x),
         head_stride(n.w),
         head_stride(n.b),
         count(x.cols / n.heads),
         n.w ? 1u : 0u,
         n.b ? 1u : 0u,
         n.centred ? 1u : 0u,
         count(x.rows),
         n.eps};
  dispatch("norm", push, {n.heads, x.rows});
}

}  // namespace lt::vulkan
