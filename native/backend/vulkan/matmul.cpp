#include <algorithm>
#include <bit>

#include "backend/vulkan/shaders.h"
#include "backend/vulkan/vulkan.h"
#include "quant/type.h"

namespace lt::vulkan {
namespace {

// Numbers of rows from which on another kernel is taken. The tile, which shares inputs between outputs, is faster than reading the
// weights once for every four rows.
constexpr int64_t few_from = 2, tile_from = 13, wide_from = 33, widest_from = 65;
constexpr int int8_tile = 32;          // rows
constexpr int64_t most_listed = 1024;  // matrices, as in choice_list.comp

// Matrices below one another.
int64_t matrices(const Product& p) { return p.w.rows / p.y.cols; }

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

// By how many rows a kernel is chosen: those that meet one matrix, on average. One where they cannot be listed.
int64_t VulkanOps::together(const Product& p, const Choice& choice) const {
  if (!choice) return p.y.rows;
  const int64_t held = choice.ids ? matrices(p) : choice.count;
  const bool lists = !choice.ids || (held <= most_listed && list_bytes(p.y.rows, held) <= lists_bytes_);
  return lists ? std::max<int64_t>(1, p.y.rows / held) : 1;
}

VulkanOps::Share VulkanOps::share_of(const Product& p, const Choice& choice, const Kernel& kernel) {
  const int64_t all = groups_of(p.y.rows, kernel.rows);
  if (!choice) return {one, all};
  if (!choice.ids) return {in_turn, choice.count * groups_of(groups_of(p.y.rows, choice.count), kernel.rows)};
  if (kernel.rows == 1) return {each, all};
  return {listed, most_tiles(p.y.rows, matrices(p), kernel.rows)};
}

// The lists of choice_list.comp, with tiles of a kernel's rows.
void VulkanOps::list(const Product& p, const Choice& choice, int64_t rows) {
  const int64_t held = matrices(p);
  const struct {
    uint64_t ids, tiles, order;
    uint32_t ids_stride, used, results, held, size;
    int32_t first_held;
  } push{address(choice.ids),
         tiles(p.y.rows),
         lists_,
         word_stride(choice.ids),
         count(choice.ids.cols),
         count(p.y.rows),
         count(held),
         static_cast<uint32_t>(std::countr_zero(count(rows))),
         static_cast<int32_t>(choice.first)};
  dispatch("choice_list", push, {held + 1, 1});
}

void VulkanOps::multiply(Tensor x, const Product& p, const Choice& choice, const Kernel& kernel, bool beside) {
  const bool rounded = rounds(p);
  const Share share = share_of(p, choice, kernel);
  const struct {
    uint64_t books, w, x, bias, y, ids, order;
    uint32_t w_stride, x_stride, y_stride, bias_stride, ids_stride, cols, outs, rows, biased;
    uint32_t choice, turns, used, held;
    int32_t first_held;
  } push{books_,
         address(p.w),
         rounded ? rounded_ : address(x),
         address(p.bias),
         address(p.y),
         share.choice == listed ? tiles(p.y.rows) : address(choice.ids),
         lists_,
         word_stride(p.w),
         rounded ? rounded_stride(x.cols) : word_stride(x),
         word_stride(p.y),
         word_stride(p.bias),
         word_stride(choice.ids),
         count(x.cols),
         count(p.y.cols),
         count(p.y.rows),
         p.bias ? 1u : 0u,
         share.choice,
         count(choice.count),
         choice.ids ? count(choice.ids.cols) : 1,
         count(matrices(p)),
         static_cast<int32_t>(choice.first)};
  dispatch(kernel.shader, push, {groups_of(p.y.cols, kernel.outs), share.groups}, beside);
}

// Steps have any number of rows up to this.
void VulkanOps::prepare_product(const Product& p, const Choice& choice) {
  for (const int64_t rows : {int64_t{1}, few_from, tile_from, wide_from, widest_from})
    if (rows <= together(p, choice)) preparing_->insert(kernel_of(p.w.type, rounds(p), rows).shader);
  if (choice.ids && together(p, choice) >= few_from) preparing_->insert("choice_list");
}

void VulkanOps::matmul(Tensor x, std::span<const Product> products, const Choice& choice) {
  if (std::any_of(products.begin(), products.end(), [this](const Product& p) { return rounds(p); })) round(x);
  bool beside = false;
  std::pair<int64_t, int64_t> listed_for{};  // rows of a tile, matrices
  for (const Product& p : products) {
    if (preparing_) {
      prepare_product(p, choice);
      continue;
    }
    const Kernel kernel = kernel_of(p.w.type, rounds(p), together(p, choice));
    const std::pair wanted{kernel.rows, matrices(p)};
    const bool lists = choice.ids && kernel.rows > 1 && wanted != listed_for;
    if (lists) list(p, choice, kernel.rows);
    if (lists) listed_for = wanted;
    multiply(x, p, choice, kernel, beside && !lists);
    beside = true;
  }
}

}  // namespace lt::vulkan
