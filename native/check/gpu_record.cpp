// Recorded passes of a device: what is recorded once gives, run again on new values in the same tensors, the bytes of a pass that is
// not recorded.
#include <cstring>

#include "check/check.h"
#include "core/sizing.h"
#include "gguf/file.h"
#include "model/model.h"

namespace lt::check {
namespace {

// One sequence's state on a device: a token a step.
struct Decode {
  Backend& backend;
  const Model& model;
  std::vector<Kv> layers;
  Tensor x, logits, ids, positions, sequences, pages, outputs;
  Span span{0, 1, 0};

  Decode(Backend& b, const Model& m, int64_t count) : backend(b), model(m) {
    const Shape& s = m.shape();
    b.reserve(measure(m, 1, 1).needs());
    for (int64_t i = 0; i < s.layers; i++) {
      const int64_t slots = count * s.kv_heads * Kv::page_size;
      layers.push_back({b.alloc(Type::f16, slots, s.key_dim), b.alloc(Type::f16, slots, s.value_dim), s.kv_heads});
    }
    x = b.alloc(Type::f32, 1, s.width);
    logits = b.alloc(Type::f32, 1, s.vocabulary);
    for (Tensor* t : {&ids, &positions, &sequences, &outputs}) *t = b.alloc(Type::i32, 1, 1);
    pages = b.alloc(Type::i32, 1, count);
  }
  void set(int32_t id, int32_t position, const std::vector<int32_t>& table) {
    backend.write(ids, &id);
    backend.write(positions, &position);
    backend.write(pages, table.data());
  }
  void forward(Ops& ops) {
    const Rows rows{ids, positions, sequences, pages, outputs, std::span(&span, 1)};
    model.embed(ops, x, rows);
    for (size_t i = 0; i < layers.size(); i++) model.layer(ops, static_cast<int64_t>(i), x, layers[i], rows);
    model.head(ops, logits, x, rows);
  }
  std::vector<float> read() {
    std::vector<float> out(static_cast<size_t>(logits.cols));
    backend.read(out.data(), logits);
    return out;
  }
};

void recorded(const std::string& name) {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const auto backend = open_backend(name, {});
  const auto model = model::load(*file, *backend);
  Decode plain(*backend, *model, 2), kept(*backend, *model, 2);
  const std::unique_ptr<Plan> plan = backend->record([&](Ops& ops) { kept.forward(ops); });
  const std::vector<int32_t> tokens = {0, 474, 475, 263, 382};
  for (size_t i = 0; i < tokens.size(); i++) {
    const auto position = static_cast<int32_t>(i < 3 ? i : 61 + i);  // over a page's end, in pages of another order
    const std::vector<int32_t> table = {1, 0};
    plain.set(tokens[i], position, table);
    plain.forward(backend->ops());
    kept.set(tokens[i], position, table);
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
