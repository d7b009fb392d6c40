// Attention's splits as tasks of their own, and tiles as large as the number of threads lets them be: the bits of walking all in turn,
// and no memory that reserve was not told of.
#include <algorithm>
#include <cstring>
#include <random>

#include "check/check.h"
#include "core/backend.h"
#include "core/splits.h"

namespace lt::cpu {
namespace {

constexpr int64_t heads = 6, kv_heads = 2, dim = 64, positions = 1500, pages = (positions + 63) / 64;

// `rows` rows at the end of each of some sequences that share one cache; each is shorter than the one before.
struct Ends {
  int64_t sequences, rows, shorter_by;

  int64_t all() const { return sequences * rows; }
  int64_t place(int64_t i) const { return std::max<int64_t>(0, positions - rows - shorter_by * (i / rows)) + i % rows; }
};

std::vector<float> attend(int threads, const Ends& ends, int64_t partials) {
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
  const Tensor q = filled(ends.all(), heads * dim), y = backend->alloc(Type::f32, ends.all(), heads * dim);
  Rows rows;
  rows.places = backend->alloc(Type::i32, ends.all(), 1);
  rows.sequences = backend->alloc(Type::i32, ends.all(), 1);
  rows.pages[0] = backend->alloc(Type::i32, ends.sequences, pages);
  for (int64_t i = 0; i < ends.all(); i++) {
    *rows.places.row<int32_t>(i) = static_cast<int32_t>(ends.place(i));
    *rows.sequences.row<int32_t>(i) = static_cast<int32_t>(i / ends.rows);
  }
  std::vector<Span> spans;
  for (int64_t s = 0; s < ends.sequences; s++) {
    for (int64_t i = 0; i < pages; i++) rows.pages[0].row<int32_t>(s)[i] = static_cast<int32_t>(i);
    spans.push_back({s * ends.rows, ends.rows, s});
  }
  rows.sees = rows.places;
  rows.spans = spans;
  const Attend how{.heads = heads, .scale = 0.125f};
  for (int step = 0; step < 2; step++) backend->ops().attend(y, q, kv, rows, how);
  CHECK(backend->reserve({}) == bytes);  // a step takes nothing
  const auto* values = static_cast<const float*>(y.data);
  return {values, values + ends.all() * heads * dim};
}

CHECK_CASE("cpu/attend gives the same bits with its splits in parallel, in turn and where only some fit") {
  // Of 31, the first is so much longer that it alone is cut.
  for (const Ends& ends : {Ends{1, 1, 0}, Ends{3, 1, 37}, Ends{70, 1, 37}, Ends{31, 1, positions}, Ends{2, 5, 700}}) {
    const std::vector<float> in_turn = attend(1, ends, 0);
    const int64_t all = HostSplits::bound(ends.all(), positions) * heads;
    for (const int64_t partials : {int64_t{0}, int64_t{3 * heads}, all}) {
      const std::vector<float> found = attend(3, ends, partials);
      CHECK_THAT(std::memcmp(found.data(), in_turn.data(), found.size() * 4) == 0,
                 ends.sequences << " sequences differ with " << partials << " partial results");
    }
  }
}

CHECK_CASE("cpu/attend gives the same bits with tiles of many rows and of few") {
  const Ends ends{1, 300, 0};
  const std::vector<float> large = attend(1, ends, 0), small = attend(24, ends, 0);
  CHECK(std::memcmp(large.data(), small.data(), large.size() * 4) == 0);
}

}  // namespace
}  // namespace lt::cpu
