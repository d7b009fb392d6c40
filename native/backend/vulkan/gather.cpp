#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::gather(Tensor y, Tensor table, Tensor ids) {
  const struct {
    uint64_t books, w, ids, y;
    uint32_t w_stride, ids_stride, y_stride, cols, rows;
  } push{books_,
         address(table),
         address(ids),
         address(y),
         word_stride(table),
         word_stride(ids),
         word_stride(y),
         static_cast<uint32_t>(y.cols),
         count(y.rows)};
  dispatch("gather_" + shader_type(table.type), push, {groups_of(y.cols, 32 * 64), y.rows});
}

}  // namespace lt::vulkan
