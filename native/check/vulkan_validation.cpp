// Under LLAMA_TS_VULKAN_VALIDATE=1 the validation layer's words fail whatever case they are said in; what is said while a backend
// closes has no such case, so it is looked for here.
#include "backend/vulkan/validation.h"
#include "check/vulkan_check.h"

namespace lt::check {
namespace {

void say_nothing(const std::string& variant) {
  const auto b = open_vulkan(variant);
  const Tensor x = vulkan_floats(*b, 6, 64, 1), w = vulkan_floats(*b, 40, 64, 2), y = b->alloc(Type::f32, 6, 40);
  const auto pass = [&](Ops& ops) {
    ops.matmul(y, x, w);
    ops.matmul(y.slice(0, 1), x.slice(0, 1), w);
    ops.add(y, y, y);
  };
  pass(b->ops());
  const auto plan = b->record(pass);
  plan->run();
  vulkan_read(*b, y);
}

CHECK_CASE("vulkan/the validation layer has nothing to say of a backend from opening to closing") {
  vulkan_device();
  if (!vulkan::validation_wanted()) throw Skip{"needs LLAMA_TS_VULKAN_VALIDATE=1"};
  for (const BackendEntry& entry : backends()) {
    if (entry.name != "vulkan") continue;
    for (const std::string& variant : entry.variants()) {
      say_nothing(variant);
      const Environment forced("LLAMA_TS_VULKAN_STAGING", "1");
      say_nothing(variant);
    }
  }
  const std::vector<std::string> messages = vulkan::validation_messages();
  CHECK_THAT(messages.empty(), messages.size() << " messages, the first: " << messages.front());
}

}  // namespace
}  // namespace lt::check
