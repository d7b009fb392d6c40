#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

// Columns that an invocation of store_kv.comp takes.
int64_t unit_of(Type cache) { return cache == Type::f32 ? 1 : cache == Type::f16 ? 2 : 64; }

}  // namespace

void VulkanOps::store(const Tensor& cache, const Tensor& x, int64_t heads, const Rows& rows, bool beside) {
  const struct {
    uint64_t x, cache, positions, sequences, pages;
    uint32_t x_stride, cache_stride, positions_stride, sequences_stride, pages_stride, heads, dim, rows;
  } push{address(x),
         address(cache),
         address(rows.positions),
         address(rows.sequences),
         address(rows.pages),
         word_stride(x),
         word_stride(cache),
         word_stride(rows.positions),
         word_stride(rows.sequences),
         word_stride(rows.pages),
         static_cast<uint32_t>(heads),
         static_cast<uint32_t>(cache.cols),
         static_cast<uint32_t>(x.rows)};
  const int64_t units = (cache.cols + unit_of(cache.type) - 1) / unit_of(cache.type) * heads;
  dispatch("store_kv_" + shader_type(cache.type), push, {groups_of(units, 64), x.rows}, beside);
}

void VulkanOps::store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) {
  store(kv.k, k, kv.heads, rows, false);
  store(kv.v, v, kv.heads, rows, true);
}

}  // namespace lt::vulkan
