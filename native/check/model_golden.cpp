// Architectures against logits that transformers computed (../shared/golden/hf), on every backend; and Lockstep and Trace over
// whole models.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "check/check.h"
#include "check/forward.h"
#include "core/lockstep.h"
#include "core/trace.h"
#include "model/model.h"
#include "quant/type.h"

namespace lt::check {
namespace {

constexpr const char* folders[] = {"llama", "llama-bias", "llama-rope3", "llama-linear", "mistral", "qwen2", "qwen2-yarn", "qwen3"};
constexpr double exact = 1e-5;  // golden/README.md: ref with an F32 cache

std::vector<int32_t> ids_of(const std::string& folder) {
  const std::string text = read_file(shared(folder + "/ids.json"));
  std::vector<int32_t> ids;
  size_t at = text.find('[', text.find("\"ids\"")) + 1;
  const size_t end = text.find(']', at);
  while (at < end) {
    ids.push_back(std::stoi(text.substr(at)));
    at = std::min(text.find(',', at), end) + 1;
  }
  return ids;
}

// rms(a - b) / rms(b) with both rows' means removed.
double distance(const float* a, const float* b, size_t n) {
  double mean_a = 0, mean_b = 0, error = 0, size = 0;
  for (size_t i = 0; i < n; i++) mean_a += a[i], mean_b += b[i];
  mean_a /= static_cast<double>(n), mean_b /= static_cast<double>(n);
  for (size_t i = 0; i < n; i++) {
    const double x = a[i] - mean_a, y = b[i] - mean_b;
    error += (x - y) * (x - y), size += y * y;
  }
  return std::sqrt(error / size);
}

void golden(const std::string& name, const std::string& backend_name) {
  const std::string folder = "golden/hf/" + name;
  const std::string bytes = read_file(shared(folder + "/logits.f32"));
  std::vector<float> wanted(bytes.size() / 4);
  std::memcpy(wanted.data(), bytes.data(), bytes.size());
  const std::vector<int32_t> ids = ids_of(folder);
  const auto file = gguf::File::open(shared(folder + "/model-bf16.gguf"));
  const auto backend = open_backend(backend_name, {});
  const auto model = model::load(*file, *backend);
  const std::vector<float> found = forward(*model, *backend, ids, Type::f32);
  CHECK(found.size() == wanted.size());
  const size_t columns = wanted.size() / ids.size();
  std::vector<double> distances;
  for (size_t r = 0; r < ids.size(); r++) distances.push_back(distance(&found[r * columns], &wanted[r * columns], columns));
  std::sort(distances.begin(), distances.end());
  // BF16 weights have float activations on every backend so far, so all are held to the exact tolerance.
  CHECK_THAT(distances.back() <= exact, "the worst row is " << distances.back() << " from the reference, expected at most " << exact);
}

// The model of the package: present in every clone.
std::shared_ptr<const gguf::File> story() { return gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf"); }
const std::vector<int32_t> story_ids = {0, 474, 475, 263, 382, 16, 263, 762, 1009};

std::vector<Divergence> divergences(const std::string& backend_name, double tolerance) {
  const auto file = story();
  const auto backend = open_backend(backend_name, {}), judge = open_backend("ref", {});
  const auto model = model::load(*file, *backend);
  const auto decode = [](std::vector<float>& to, const Tensor& t) {
    to.resize(static_cast<size_t>(t.cols));
    quant::info(t.type).dequantize(to.data(), t.data, t.cols);
  };
  std::vector<Divergence> found;
  Lockstep ops(*backend, *judge, tolerance, decode, [&](const Divergence& d) { found.push_back(d); });
  forward(*model, *backend, story_ids, Type::f16, &ops);
  return found;
}

void lockstep(const std::string& backend) {
  const std::vector<Divergence> found = divergences(backend, 2e-2);
  CHECK_THAT(found.empty(),
             found[0].op << ", call " << found[0].call << ", row " << found[0].row << " is " << found[0].distance << " from ref");
  if (backend == "ref") return;
  CHECK_THAT(!divergences(backend, 0).empty(), "a tolerance of zero must show the rounding of 8-bit activations");
}

CHECK_GENERATOR() {
  for (const BackendEntry& b : backends()) {
    const std::string backend(b.name);
    if (b.survey && b.survey().devices.empty()) {
      cases().push_back({"model/the reference logits on " + backend, [why = b.survey().why_not] { throw Skip{why}; }});
      continue;
    }
    for (const std::string name : folders)
      cases().push_back({"model/" + name + " gives the reference logits on " + backend, [=] { golden(name, backend); }});
    cases().push_back({"core/lockstep of " + backend + " with ref over a whole model", [=] { lockstep(backend); }});
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
  CHECK(a.size() == b.size() && a.size() > static_cast<size_t>(10 * model->shape().layers));
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
