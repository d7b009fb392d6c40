#include <algorithm>

#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

constexpr int64_t split_positions = 512, columns = 256;  // as in attend_merge.glsl: of the cache, and of a value a group keeps
constexpr int64_t few_rows = 8;                          // more fill the device without splits side by side

// How many query heads share a reading of the cache, at most 4: a reading costs about as much as the arithmetic of two.
int64_t heads_at_once(int64_t group) {
  const auto cost = [&](int64_t n) { return (group + n - 1) / n * (2 + n); };
  int64_t best = 1;
  for (int64_t n = 2; n <= std::min<int64_t>(group, 4); n++)
    if (cost(n) <= cost(best)) best = n;
  return best;
}

}  // namespace

void VulkanOps::attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) {
  if (kv.k.type != kv.v.type) throw Error(Code::unsupported, "vulkan: expected keys and values of one type in the cache");
  const auto heads = static_cast<uint32_t>(attend.heads), n = static_cast<uint32_t>(q.rows);
  // Splits are computed side by side where that gives the device more to do; the sums are the same.
  const int64_t splits = (rows.pages.cols * Kv::page_size + split_positions - 1) / split_positions;
  const uint64_t bytes = static_cast<uint64_t>(q.rows * attend.heads * splits * (kv.v.cols + 2) * 4);
  const bool side_by_side = splits > 1 && q.rows <= few_rows && bytes <= parts_bytes_;
  const int64_t group = attend.heads / kv.heads, at_once = heads_at_once(group);
  const uint32_t grid = static_cast<uint32_t>(kv.heads) * groups_of(group, at_once) * groups_of(kv.v.cols, columns);
  const struct {
    uint64_t keys, values, q, y, positions, sequences, pages, parts;
    uint32_t q_stride, y_stride, k_stride, v_stride, positions_stride, sequences_stride, pages_stride;
    uint32_t heads, kv_heads, key_dim, value_dim, window, splits;
    float scale;
  } push{address(kv.k),
         address(kv.v),
         address(q),
         address(y),
         address(rows.positions),
         address(rows.sequences),
         address(rows.pages),
         parts_,
         word_stride(q),
         word_stride(y),
         word_stride(kv.k),
         word_stride(kv.v),
         word_stride(rows.positions),
         word_stride(rows.sequences),
         word_stride(rows.pages),
         heads,
         static_cast<uint32_t>(kv.heads),
         static_cast<uint32_t>(kv.k.cols),
         static_cast<uint32_t>(kv.v.cols),
         static_cast<uint32_t>(attend.window),
         side_by_side ? static_cast<uint32_t>(splits) : 0u,
         attend.scale};
  const std::string name = "attend_" + shader_type(kv.k.type) + "_" + std::to_string(at_once) + build_of(kv.k.type);
  dispatch(name, push, {grid, n, side_by_side ? static_cast<uint32_t>(splits) : 1u});
  if (!side_by_side) return;
  const struct {
    uint64_t y, parts, positions;
    uint32_t y_stride, positions_stride, heads, value_dim, window, splits;
  } merge{address(y),  parts_,     address(rows.positions), word_stride(y), word_stride(rows.positions), heads, push.value_dim,
          push.window, push.splits};
  dispatch("attend_merge", merge, {heads * groups_of(kv.v.cols, columns), n, 1});
}

}  // namespace lt::vulkan
