#include "backend/vulkan/shaders.h"
#include "backend/vulkan/vulkan.h"
#include "quant/type.h"

namespace lt::vulkan {
namespace {

// Numbers of rows from which on another kernel is taken. The tile, which shares inputs between outputs, is faster than reading the
// weights once for every four rows.
constexpr int64_t few_from = 2, tile_from = 13, wide_from = 33, widest_from = 65;
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
    uint32_t x_stride, rounded_stride, cols, rows;
  } push{address(x), rounded_, word_stride(x), rounded_stride(x.cols), static_cast<uint32_t>(x.cols), count(x.rows)};
  dispatch("round_inputs", push, {groups_of(x.cols, 32 * 64), x.rows});
}

VulkanOps::Kernel VulkanOps::kernel_of(Type type, bool rounded, int64_t rows) const {
  const std::string name = shader_type(type);
  if (rows < few_from) return {(rounded ? "matmul_int8_rows_" : "matmul_rows_") + name + "_1" + build_of(type), 32, 1};
  if (rows < tile_from) return {(rounded ? "matmul_int8_rows_" : "matmul_rows_") + name + "_4" + build_of(type), 32, 4};
  if (rounded) return {(uses_.coopmat[0] ? "matmul_int8_coopmat_" : "matmul_int8_tile_") + name, 64, int8_tile};
  const bool lanes = uses_.subgroup == 8 && rows >= wide_from, half = uses_.f16 && type == Type::f16;
  const int tall = rows < wide_from ? 32 : lanes && rows >= widest_from ? 128 : 64;
  return {(lanes ? "matmul_lanes_" : "matmul_tile_") + name + "_" + std::to_string(tall) + (half ? "_half" : ""), 64, tall};
}

void VulkanOps::multiply(Tensor x, const Product& p, bool beside) {
  const bool rounded = rounds(p);
  if (preparing_) {  // steps have any number of rows up to this
    for (const int64_t rows : {int64_t{1}, few_from, tile_from, wide_from, widest_from})
      if (rows <= x.rows) preparing_->insert(kernel_of(p.w.type, rounded, rows).shader);
    return;
  }
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
  const Kernel kernel = kernel_of(p.w.type, rounded, x.rows);
  dispatch(kernel.shader, push, {groups_of(p.w.rows, kernel.outs), groups_of(x.rows, kernel.rows)}, beside);
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
