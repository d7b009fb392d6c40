// Recorded passes of the Vulkan backend: the bits of the same calls made one by one, with new values at the same addresses.
#include <cstring>

#include "check/decoding.h"
#include "check/vulkan_check.h"
#include "model/model.h"

namespace lt::check {
namespace {

// One row of a model of the package, decoded at ascending places, recorded or not.
std::vector<float> decode(bool recorded) {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const auto b = open_vulkan();
  const auto model = model::load(*file, *b);
  Decoding one(*b, *model, 10);
  const std::vector<int32_t> pages = {4, 2, 7, 0, 1, 3, 5, 6, 9, 8};  // 640 places: more than one split of attention
  const std::unique_ptr<Plan> plan = recorded ? b->record([&](Ops& ops) { one.forward(ops); }) : nullptr;
  std::vector<float> all;
  for (int32_t p = 0; p < 70; p++) {
    one.set((p * 37 + 5) % static_cast<int32_t>(model->shape().vocabulary), p, pages);
    recorded ? plan->run() : one.forward(b->ops());
    const std::vector<float> row = one.read();
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

CHECK_CASE("vulkan/a recorded pass gives the bits of an immediate one, at every place") {
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
