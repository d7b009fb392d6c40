// Writes rows into the paged cache: a thread a block of the cache's type.
#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/cache.h"

namespace lt::gpu::LT_GPU {
namespace {

struct StoreArgs {
  View cache, from, places, sequences, pages;
  int64_t heads, blocks;  // blocks a head
};

template <class T>
LT_KERNEL(128)
store_blocks(StoreArgs p) {
  const int64_t r = block_x(), i = block_y() * threads() + thread();
  if (i >= p.heads * p.blocks) return;
  const int32_t* pages = p.pages.row<int32_t>(*p.sequences.row<int32_t>(r));
  const int64_t to = slot(pages, p.heads, i / p.blocks, *p.places.row<int32_t>(r));
  store(p.cache.row<typename T::Block>(to)[i % p.blocks], p.from.row<float>(r) + i * T::values);
}

void store_rows(Stream& stream, Tensor cache, Tensor from, const Kv& kv, const Rows& rows) {
  with_cache_type(cache.type, [&](auto type) {
    using T = decltype(type);
    const StoreArgs args{cache, from, rows.places, rows.sequences, rows.pages[kv.group], kv.heads, cache.cols / T::values};
    launch(stream, "store_kv", store_blocks<T>, {from.rows, parts(kv.heads * args.blocks, 128)}, 128, 0, args);
  });
}

}  // namespace

void Gpu::store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) {
  if (k.rows == 0) return;
  store_rows(on(), kv.k, k, kv, rows);
  if (!kv.latent()) store_rows(on(), kv.v, v, kv, rows);
}

}  // namespace lt::gpu::LT_GPU
