#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

// Columns that an invocation of store_kv.comp takes.
int64_t unit_of(Type cache) { return cache == Type::f32 ? 1 : cache == Type::f16 ? 2 : 64; }

}  // namespace

void VulkanOps::store(const Kv& kv, const Tensor& cache, const Tensor& x, const Rows& rows, bool beside) {
  const Tensor& pages = rows.pages[kv.group];
  const struct {
    uint64_t x, cache, places, sequences, pages;
    uint32_t x_stride, cache_stride, places_stride, sequences_stride, pages_stride, heads, dim, rows;
  } push{address(x),
         address(cache),
         address(rows.places),
         address(rows.sequences),
         address(pages),
         word_stride(x),
         word_stride(cache),
         word_stride(rows.places),
         word_stride(rows.sequences),
         word_stride(pages),
         count(kv.heads),
         count(cache.cols),
         count(x.rows)};
  const int64_t units = (cache.cols + unit_of(cache.type) - 1) / unit_of(cache.type) * kv.heads;
  dispatch("store_kv_" + shader_type(cache.type), push, {groups_of(units, 64), x.rows}, beside);
}

void VulkanOps::store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) {
  store(kv, kv.k, k, rows, false);
  if (!kv.latent()) store(kv, kv.v, v, rows, true);
}

}  // namespace lt::vulkan
