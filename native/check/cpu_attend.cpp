// Attention's splits as tasks of their own: the bits of walking them one after another, and no memory that reserve was not told of.
#include <algorithm>
#include <cstring>
#include <random>

#include "check/check.h"
#include "core/backend.h"
#include "core/splits.h"

namespace lt::cpu {
namespace {

constexpr int64_t heads = 6, kv_heads = 2, dim = 64, positions = 1500, pages = (positions + 63) / 64;

// Decodes `sequences` tokens at the end of as many sequences that share one cache, of which each sees a little less.
std::vector<float> decode(int threads, int64_t sequences, int64_t partials) {
  BackendOptions options;
  options.threads = threads;
  const std::unique_ptr<Backend> backend = open_backend("cpu", options);
  const size_t bytes = backend->reserve({.scratch = 0, .matmul_input = 0, .partials = partials, .partial_dim = dim});
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const auto filled = [&](int64_t rows, int64_t cols) {
    const Tensor t = backend->alloc(Type::f32, rows, cols);
    for (int64_t i = 0; i < rows * cols; i++) static_cast<float*>(t.data)[i] = normal(random);
    return t;
  };
  const Kv kv{filled(pages * kv_heads * Kv::page_size, dim), filled(pages * kv_heads * Kv::page_size, dim), kv_heads};
  const Tensor q = filled(sequences, heads * dim), y = backend->alloc(Type::f32, sequences, heads * dim);
  Rows rows;
  rows.places = backend->alloc(Type::i32, sequences, 1);
  rows.sequences = backend->alloc(Type::i32, sequences, 1);
  rows.pages[0] = backend->alloc(Type::i32, sequences, pages);
  std::vector<Span> spans;
  for (int64_t s = 0; s < sequences; s++) {
    *rows.places.row<int32_t>(s) = static_cast<int32_t>(std::max<int64_t>(0, positions - 1 - 37 * s));
    for (int64_t i = 0; i < pages; i++) rows.pages[0].row<int32_t>(s)[i] = static_cast<int32_t>(i);
    *rows.sequences.row<int32_t>(s) = static_cast<int32_t>(s);
    spans.push_back({s, 1, s});
  }
  rows.sees = rows.places;
  rows.spans = spans;
  const Attend attend{.heads = heads, .scale = 0.125f};
  for (int step = 0; step < 2; step++) backend->ops().attend(y, q, kv, rows, attend);
  CHECK(backend->reserve({}) == bytes);  // a step takes nothing
  const auto* values = static_cast<const float*>(y.data);
  return {values, values + sequences * heads * dim};
}

CHECK_CASE("cpu/attend gives the same bits with its splits in parallel, in turn and where only some fit") {
  for (const int64_t sequences : {1, 3, 70}) {
    const std::vector<float> in_turn = decode(1, sequences, 0);
    const int64_t all = HostSplits::bound(sequences, positions) * heads;
    for (const int64_t partials : {int64_t{0}, int64_t{3 * heads}, all}) {
      const std::vector<float> found = decode(3, sequences, partials);
      CHECK_THAT(std::memcmp(found.data(), in_turn.data(), found.size() * 4) == 0,
                 sequences << " sequences differ with " << partials << " partial results");
    }
  }
}

}  // namespace
}  // namespace lt::cpu
