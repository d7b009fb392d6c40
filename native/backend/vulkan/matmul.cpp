#include "backend/vulkan/vulkan.h"
#include "quant/type.h"

namespace lt::vulkan {
namespace {

// From here on the tile, which shares inputs between outputs, is faster than reading the weights once for every four rows.
constexpr int64_t tile_from = 13;

}  // namespace

std::string shader_type(Type type) {
  std::string name = quant::info(type).name;
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

void VulkanOps::matmul(Tensor x, std::span<const Product> products) {
  bool beside = false;
  for (const Product& p : products) {
    const struct {
      uint64_t books, w, x, bias, y;
      uint32_t w_stride, x_stride, y_stride, cols, outs, rows, biased;
    } push{books_,
           address(p.w),
           address(x),
           address(p.bias),
           address(p.y),
           word_stride(p.w),
           word_stride(x),
           word_stride(p.y),
           static_cast<uint32_t>(x.cols),
           static_cast<uint32_t>(p.w.rows),
           static_cast<uint32_t>(x.rows),
           p.bias ? 1u : 0u};
    const std::string type = shader_type(p.w.type);
    if (x.rows >= tile_from) {
      dispatch("matmul_tile_" + type, push, {groups_of(p.w.rows, 64), groups_of(x.rows, 32), 1}, beside);
    } else {
      const int rows = x.rows == 1 ? 1 : 4;
      const std::string name = "matmul_rows_" + type + "_" + std::to_string(rows) + (subgroup_ ? "_subgroup" : "");
      dispatch(name, push, {groups_of(p.w.rows, 32), groups_of(x.rows, rows), 1}, beside);
    }
    beside = true;
  }
}

}  // namespace lt::vulkan
