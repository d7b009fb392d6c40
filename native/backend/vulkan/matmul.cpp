#include "backend/vulkan/shaders.h"
#include "backend/vulkan/vulkan.h"
#include "quant/type.h"

namespace lt::vulkan {
namespace {

// From here on the tile, which shares inputs between outputs, is faster than reading the weights once for every four rows.
constexpr int64_t tile_from = 13;
constexpr int int8_tile = 32;  // rows

// Rows of a block type's product: whole blocks of 32, as round_inputs.comp writes them.
uint32_t rounded_stride(int64_t cols) { return static_cast<uint32_t>(cols / 32 * rounded_words); }

}  // namespace

std::string shader_type(Type type) {
  std::string name = quant::info(type).name;
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

bool VulkanOps::rounds(const Product& p) const { return uses_.int8 && has_shader("matmul_int8_tile_" + shader_type(p.w.type)); }

void VulkanOps::round(Tensor x) {
  const uint64_t bytes = static_cast<uint64_t>(x.rows) * rounded_stride(x.cols) * 4;
  if (bytes > rounded_bytes_) {
    throw Error(Code::internal, "vulkan: expected reserve to have been told of an input of " + std::to_string(x.rows) + " by " +
                                    std::to_string(x.cols) + ", it was told of less");
  }
  const struct {
    uint64_t x, rounded;
    uint32_t x_stride, rounded_stride, cols;
  } push{address(x), rounded_, word_stride(x), rounded_stride(x.cols), static_cast<uint32_t>(x.cols)};
  dispatch("round_inputs", push, {groups_of(x.cols, 32 * 64), static_cast<uint32_t>(x.rows), 1});
}

void VulkanOps::multiply(Tensor x, const Product& p, bool beside) {
  const bool rounded = rounds(p);
  const struct {
    uint64_t books, w, x, bias, y;
    uint32_t w_stride, x_stride, y_stride, cols, outs, rows, biased;
  } push{books_,
         address(p.w),
         rounded ? rounded_ : address(x),
         address(p.bias),
         address(p.y),
         word_stride(p.w),
         rounded ? rounded_stride(x.cols) : word_stride(x),
         word_stride(p.y),
         static_cast<uint32_t>(x.cols),
         static_cast<uint32_t>(p.w.rows),
         static_cast<uint32_t>(x.rows),
         p.bias ? 1u : 0u};
  const std::string type = shader_type(p.w.type);
  if (x.rows < tile_from) {
    const int rows = x.rows == 1 ? 1 : 4;
    const std::string kernel = rounded ? "matmul_int8_rows_" : "matmul_rows_";
    dispatch(kernel + type + "_" + std::to_string(rows) + build_of(p.w.type), push, {groups_of(p.w.rows, 32), groups_of(x.rows, rows), 1},
             beside);
  } else if (rounded) {
    const std::string kernel = uses_.coopmat[0] ? "matmul_int8_coopmat_" : "matmul_int8_tile_";
    dispatch(kernel + type, push, {groups_of(p.w.rows, 64), groups_of(x.rows, int8_tile), 1}, beside);
  } else {
    const bool lanes = uses_.subgroup == 8 && x.rows > 32;
    const int rows = x.rows <= 32 ? 32 : lanes && x.rows > 64 ? 128 : 64;
    const std::string name = (lanes ? "matmul_lanes_" : "matmul_tile_") + type + "_" + std::to_string(rows);
    const bool half = uses_.f16 && p.w.type == Type::f16;
    dispatch(name + (half ? "_half" : ""), push, {groups_of(p.w.rows, 64), groups_of(x.rows, rows), 1}, beside);
  }
}

void VulkanOps::matmul(Tensor x, std::span<const Product> products) {
  for (const Product& p : products) {
    if (!rounds(p)) continue;
    round(x);
    break;
  }
  bool beside = false;
  for (const Product& p : products) {
    multiply(x, p, beside);
    beside = true;
  }
}

}  // namespace lt::vulkan
