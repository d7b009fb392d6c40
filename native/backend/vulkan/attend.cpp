#include <algorithm>

#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

constexpr int64_t columns = 256;          // of a value that a group keeps, as in attend_merge.glsl
static_assert(Splits::positions == 512);  // as there

// How many query heads share a reading of the cache, at most 4: a reading costs about as much as the arithmetic of two.
int64_t heads_at_once(int64_t group) {
  const auto cost = [&](int64_t n) { return (group + n - 1) / n * (2 + n); };
  int64_t best = 1;
  for (int64_t n = 2; n <= std::min<int64_t>(group, 4); n++)
    if (cost(n) <= cost(best)) best = n;
  return best;
}

// Of places; what is farther than any is as good as the farthest.
int32_t distance(int64_t places) { return static_cast<int32_t>(std::min<int64_t>(places, 1 << 30)); }

}  // namespace

void VulkanOps::attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) {
  if (kv.k.type != kv.v.type) throw Error(Code::unsupported, "vulkan: expected keys and values of one type in the cache");
  const bool listed = static_cast<bool>(rows.splits.entries);
  const int64_t units = listed ? rows.splits.entries.rows : q.rows, results = units * attend.heads;
  const uint64_t bytes = listed ? static_cast<uint64_t>(results * (kv.v.cols + 2) * 4) : 0;
  if (bytes > parts_bytes_)
    throw Error(Code::internal, "vulkan: expected reserve to have been told of " + std::to_string(results) + " partial results of " +
                                    std::to_string(kv.v.cols) + " columns, it was told of less");
  const int64_t group = attend.heads / kv.heads, at_once = heads_at_once(group);
  const int64_t grid = kv.heads * groups_of(group, at_once) * groups_of(kv.v.cols, columns);
  const Tensor& pages = rows.pages[kv.group];
  const struct {
    uint64_t keys, values, q, y, places, sees, sequences, pages, entries, sinks, slopes, offsets;
    uint32_t q_stride, y_stride, k_stride, v_stride, places_stride, sees_stride, sequences_stride, pages_stride;
    uint32_t heads, kv_heads, key_dim, value_dim, count, listed, sunk, sloped;
    int32_t window, ahead, chunk, reach;
    float scale, cap;
  } given{address(kv.k),
          address(kv.v),
          address(q),
          listed ? parts_ : address(y),
          address(rows.places),
          address(rows.sees),
          address(rows.sequences),
          address(pages),
          address(rows.splits.entries),
          address(attend.sinks),
          address(attend.slopes),
          address(attend.offsets),
          word_stride(q),
          word_stride(y),
          word_stride(kv.k),
          word_stride(kv.v),
          word_stride(rows.places),
          word_stride(rows.sees),
          word_stride(rows.sequences),
          word_stride(pages),
          count(attend.heads),
          count(kv.heads),
          count(kv.k.cols),
          count(kv.v.cols),
          count(units),
          listed ? 1u : 0u,
          attend.sinks ? 1u : 0u,
          attend.slopes ? 1u : 0u,
          distance(attend.window),
          distance(attend.ahead),
          distance(attend.chunk),
          attend.offsets ? static_cast<int32_t>(attend.offsets.cols / 2) : -1,
          attend.scale,
          attend.cap};
  dispatch("attend_" + shader_type(kv.k.type) + "_" + std::to_string(at_once) + build_of(kv.k.type), given, {grid, units});
  if (listed) merge(y, rows, attend);
}

// Of the listed splits.
void VulkanOps::merge(Tensor y, const Rows& rows, const Attend& attend) {
  const int64_t value_dim = y.cols / attend.heads;
  const struct {
    uint64_t y, parts, sinks, slopes, places, sees, firsts;
    uint32_t y_stride, places_stride, sees_stride, heads, value_dim, rows, sunk, sloped;
    int32_t window, ahead, chunk;
  } push{address(y),
         parts_,
         address(attend.sinks),
         address(attend.slopes),
         address(rows.places),
         address(rows.sees),
         address(rows.splits.firsts),
         word_stride(y),
         word_stride(rows.places),
         word_stride(rows.sees),
         count(attend.heads),
         count(value_dim),
         count(y.rows),
         attend.sinks ? 1u : 0u,
         attend.slopes ? 1u : 0u,
         distance(attend.window),
         distance(attend.ahead),
         distance(attend.chunk)};
  dispatch("attend_merge", push, {attend.heads * groups_of(value_dim, columns), y.rows});
}

}  // namespace lt::vulkan
