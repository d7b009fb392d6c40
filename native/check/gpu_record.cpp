// Recorded passes of a device: what is recorded once gives, run again on new values in the same tensors, the bytes of a pass that is
// not recorded.
#include <cstring>

#include "check/check.h"
#include "check/decoding.h"
#include "gguf/file.h"
#include "model/model.h"

namespace lt::check {
namespace {

void recorded(const std::string& name) {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const auto backend = open_backend(name, {});
  const auto model = model::load(*file, *backend);
  Decoding plain(*backend, *model, 2), kept(*backend, *model, 2);
  const std::unique_ptr<Plan> plan = backend->record([&](Ops& ops) { kept.forward(ops); });
  const std::vector<int32_t> tokens = {0, 474, 475, 263, 382};
  for (size_t i = 0; i < tokens.size(); i++) {
    const auto place = static_cast<int32_t>(i < 3 ? i : 61 + i);  // over a page's end, in pages of another order
    const std::vector<int32_t> table = {1, 0};
    plain.set(tokens[i], place, table);
    plain.forward(backend->ops());
    kept.set(tokens[i], place, table);
    plan->run();
    const std::vector<float> a = plain.read(), b = kept.read();
    CHECK_THAT(std::memcmp(a.data(), b.data(), a.size() * 4) == 0, "token " << i << " differs");
  }
}

CHECK_GENERATOR() {
  for (const BackendEntry& b : backends()) {
    if (!b.survey) continue;  // the host calls the function again
    cases().push_back(
        {"core/a recorded pass of " + std::string(b.name) + " gives the bytes of a plain one", [name = std::string(b.name), &b] {
           if (const Survey here = b.survey(); here.devices.empty()) throw Skip{here.why_not};
           recorded(name);
         }});
  }
}

}  // namespace
}  // namespace lt::check
