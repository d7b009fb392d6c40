// Architectures against logits that transformers computed (../shared/golden/hf, golden2), on every backend; and Lockstep and Trace over
// whole models.
#include <cstring>
#include <map>

#include "check/forward.h"
#include "check/golden.h"
#include "core/lockstep.h"
#include "core/trace.h"
#include "model/model.h"
#include "quant/type.h"

namespace lt::check {
namespace {

// To open a device, and have it make its code, takes longer than a model: it stays open.
std::shared_ptr<Backend> open(const std::string& name, const std::string& variant) {
  static std::map<std::string, std::shared_ptr<Backend>> devices;
  BackendOptions options;
  options.isa = variant;
  if (name == "ref" || name == "cpu") return open_backend(name, options);
  std::shared_ptr<Backend>& device = devices[name + " " + variant];
  if (!device) device = open_backend(name, options);
  return device;
}

void golden(const std::string& name, const std::string& backend_name, const std::string& variant) {
  const std::vector<int32_t> ids = golden_ids(name);
  const auto file = gguf::File::open(golden_file(name, "/model-bf16.gguf"));
  const auto backend = open(backend_name, variant);
  const auto model = model::load(*file, *backend, {.context = std::ssize(ids)});
  const bool hidden = golden_kind(name) == "hidden";
  const std::vector<int32_t> decoder = golden_decoder_ids(name);
  const std::vector<float> found = forward(*model, *backend, ids, Type::f32, nullptr, hidden, decoder);
  // The exact tolerance is twice what sums in floats make, and all but the judge add in floats in an order of their own.
  const double exact = golden_tolerance(name) * (backend_name == "ref" ? 1 : 2);
  check_distances(distances(found, golden_rows(name), decoder.empty() ? ids.size() : decoder.size()), exact, backend_name, name);
}

// The model of the package: present in every clone.
std::shared_ptr<const gguf::File> story() { return gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf"); }
const std::vector<int32_t> story_ids = {0, 474, 475, 263, 382, 16, 263, 762, 1009};

std::vector<Divergence> divergences(const gguf::File& file, const std::vector<int32_t>& ids, const std::string& backend_name,
                                    const std::string& variant, double tolerance, const std::vector<int32_t>& decoder = {}) {
  const auto backend = open(backend_name, variant), judge = open("ref", "");
  const auto model = model::load(file, *backend);
  const auto decode = [](std::vector<float>& to, const Tensor& t) {
    to.resize(static_cast<size_t>(t.cols));
    if (t.type == Type::i32)
      std::copy_n(t.row<const int32_t>(0), t.cols, to.begin());
    else
      quant::info(t.type).dequantize(to.data(), t.data, t.cols);
  };
  std::vector<Divergence> found;
  Lockstep ops(*backend, *judge, tolerance, decode, [&](const Divergence& d) { found.push_back(d); });
  forward(*model, *backend, ids, Type::f16, &ops, false, decoder);
  return found;
}

void expect_none(const std::vector<Divergence>& found) {
  CHECK_THAT(found.empty(),
             found[0].op << ", call " << found[0].call << ", row " << found[0].row << " is " << found[0].distance << " from ref");
}

void lockstep(const std::string& backend, const std::string& variant) {
  expect_none(divergences(*story(), story_ids, backend, variant, 2e-2));
  if (backend == "ref") return;
  CHECK_THAT(!divergences(*story(), story_ids, backend, variant, 0).empty(),
             "a tolerance of zero must show the rounding of 8-bit activations");
}

// BF16 weights: but for the CPU's inputs nothing rounds but floats, and a cache of 16 bits, by half a unit in the last place that an
// operation before it differs in.
void lockstep_of(const std::string& name, const std::string& backend, const std::string& variant) {
  expect_none(divergences(*gguf::File::open(golden_file(name, "/model-bf16.gguf")), golden_ids(name), backend, variant,
                          rounds_bf16(backend) ? 2e-2 : 1e-3, golden_decoder_ids(name)));
}

CHECK_GENERATOR() {
  std::string absent;
  const std::vector<std::string> models = golden_models(absent);
  if (!absent.empty()) cases().push_back({"model/the reference logits", [absent] { throw Skip{absent}; }});
  for (const BackendEntry& b : backends()) {
    const std::string backend(b.name);
    if (b.survey && b.survey().devices.empty()) {
      cases().push_back({"model/the reference logits on " + backend, [why = b.survey().why_not] { throw Skip{why}; }});
      continue;
    }
    // A device's variants are other kernels, of which a model of each kind is shown; the CPU's are the same ones, which the op cases
    // compare bit for bit.
    for (const std::string& v : b.survey&& b.variants ? b.variants() : std::vector<std::string>{""}) {
      const std::string on = v.empty() ? backend : backend + " " + v;
      const bool first = v.empty() || v == b.variants().front();
#ifdef LT_SANITIZED
      if (!first) continue;  // the op cases show a sanitizer the memory of each variant
#endif
      for (const std::string& name : models)
        if (of_each_kind(name) || (first && (of_all(name) || !b.survey)))
          cases().push_back({"model/" + name + " gives the reference logits on " + on, [=] { golden(name, backend, v); }});
      cases().push_back({"core/lockstep of " + on + " with ref over a whole model", [=] { lockstep(backend, v); }});
      if (backend == "ref") continue;  // the judge of itself
      // Op by op on the CPU all models, on a device one of each kind: it gives the logits of all, and what it computes of them is slow.
      for (const std::string& name : models)
        if (of_each_kind(name) || (first && of_all(name) && !b.survey))
          cases().push_back({"model/" + name + ": " + on + " in lockstep with ref", [=] { lockstep_of(name, backend, v); }});
    }
  }
}

CHECK_CASE("core/trace reports every call, and a checksum that tells results apart") {
  const auto file = story();
  const auto backend = open_backend("ref", {});
  const auto model = model::load(*file, *backend);
  std::vector<TracedCall> a, b;
  const auto run = [&](std::vector<TracedCall>& calls, std::vector<int32_t> ids) {
    Trace ops(*backend, [&](const TracedCall& c) { calls.push_back(c); });
    forward(*model, *backend, ids, Type::f16, &ops);
  };
  run(a, {0, 474, 475});
  run(b, {0, 474, 476});
  CHECK(a.size() == b.size() && a.size() > static_cast<size_t>(10 * model->shape().count()));
  CHECK(std::strcmp(a.front().op, "gather") == 0 && std::strcmp(a.back().op, "matmul") == 0);
  CHECK(a.back().rows == 3 && a.back().cols == model->shape().vocabulary);
  CHECK(a.front().checksum != b.front().checksum);
}

CHECK_CASE("core/sizing measures what the forward pass takes") {
  const auto file = story();
  const auto backend = open_backend("ref", {});
  const auto model = model::load(*file, *backend);
  forward(*model, *backend, story_ids, Type::f16);
  const Sizing sizing = measure(*model, static_cast<int64_t>(story_ids.size()), static_cast<int64_t>(story_ids.size()));
  CHECK(backend->ops().scratch().peak() == sizing.needs().scratch);
  CHECK(sizing.bytes() > 0 && sizing.flops() > 2 * static_cast<int64_t>(story_ids.size()) * 1000000);
}

}  // namespace
}  // namespace lt::check
