// Recorded passes of the Vulkan backend: the bits of the same calls made one by one, with new values at the same addresses.
#include <cstring>

#include "check/forward.h"
#include "check/vulkan_check.h"
#include "model/model.h"

namespace lt::check {
namespace {

// One row of a model of the package, decoded at ascending positions, recorded or not.
std::vector<float> decode(bool recorded) {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const auto b = open_vulkan();
  const auto model = model::load(*file, *b);
  const Shape& s = model->shape();
  b->reserve(measure(*model, 1, 1).needs());
  const auto one = [&] { return b->alloc(Type::i32, 1, 1); };
  const Tensor pages = b->alloc(Type::i32, 1, 10);  // 640 positions: more than one split of attention
  const int32_t order[10] = {4, 2, 7, 0, 1, 3, 5, 6, 9, 8};
  b->write(pages, order);
  const Rows rows{one(), one(), one(), pages, one(), {}};
  std::vector<Kv> caches;
  for (int64_t i = 0; i < s.layers; i++) {
    const int64_t slots = 10 * s.kv_heads * Kv::page_size;
    caches.push_back({b->alloc(Type::f16, slots, s.key_dim), b->alloc(Type::f16, slots, s.value_dim), s.kv_heads});
  }
  const Tensor x = b->alloc(Type::f32, 1, s.width), logits = b->alloc(Type::f32, 1, s.vocabulary);
  const auto forward = [&](Ops& ops) {
    model->embed(ops, x, rows);
    for (int64_t i = 0; i < s.layers; i++) model->layer(ops, i, x, caches[static_cast<size_t>(i)], rows);
    model->head(ops, logits, x, rows);
  };
  const std::unique_ptr<Plan> plan = recorded ? b->record(forward) : nullptr;
  std::vector<float> all;
  for (int32_t p = 0; p < 70; p++) {
    const int32_t id = (p * 37 + 5) % static_cast<int32_t>(s.vocabulary);
    b->write(rows.ids, &id);
    b->write(rows.positions, &p);
    recorded ? plan->run() : forward(b->ops());
    const std::vector<float> row = vulkan_read(*b, logits);
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

CHECK_CASE("vulkan/a recorded pass gives the bits of an immediate one, at every position") {
  const std::vector<float> immediate = decode(false), recorded = decode(true);
  CHECK(immediate.size() == recorded.size());
  CHECK(std::memcmp(immediate.data(), recorded.data(), immediate.size() * 4) == 0);
}

CHECK_CASE("vulkan/a recording that throws leaves the backend usable") {
  const auto b = open_vulkan();
  CHECK_THROWS(b->record([](Ops&) { throw Error(Code::internal, "on purpose"); }), Code::internal);
  const Tensor x = vulkan_floats(*b, 1, 4, 1), y = b->alloc(Type::f32, 1, 4);
  b->ops().add(y, x, x);
  CHECK(vulkan_read(*b, y)[0] == 2 * vulkan_read(*b, x)[0]);
}

}  // namespace
}  // namespace lt::check
