// LoRA adapters and control vectors against logits of models whose weights were merged, or to whose layers directions were added, in
// float64 (../shared/golden2/lora, cvec), on every backend.
#include <map>

#include "check/forward.h"
#include "check/golden.h"
#include "check/ranks.h"
#include "convert/header.h"
#include "core/hash.h"
#include "model/model.h"

namespace lt::check {
namespace {

std::shared_ptr<Backend> open_kept(const std::string& name, const std::string& variant) {
  static std::map<std::string, std::shared_ptr<Backend>> open;
  BackendOptions options;
  options.isa = variant;
  std::shared_ptr<Backend>& backend = open[name + " " + variant];
  if (!backend) backend = open_backend(name, options);
  return backend;
}

// One case of a folder's cases.json, of adapters as GGUF files; none where it has another form.
using AdapterCase = AdaptedModel;

AdapterCase lora_case(const std::string& folder, const Json& of) {
  AdapterCase made;
  for (const Json& a : of.at("adapters").items()) {
    if (a.at("gguf").null()) return {};
    const std::string& name = a.at("gguf").string();
    made.files.push_back({.file = gguf::File::open(shared(folder + "/" + name)), .name = name});
    made.shares.push_back({static_cast<int32_t>(made.shares.size()), static_cast<float>(a.at("scale").number())});
  }
  return made;
}

AdapterCase vector_case(const std::string& folder, const Json& of) {
  const std::string& name = of.at("vector").string();
  const auto layer = [&](size_t i) { return static_cast<int64_t>(of.at("layers").items()[i].number()); };
  return {{{.file = gguf::File::open(shared(folder + "/" + name)), .name = name, .steers = true, .first = layer(0), .last = layer(1)}},
          {{0, static_cast<float>(of.at("strength").number())}}};
}

// Where a case on a device is shown. Variants read adapters by the same code and multiply by other kernels, which the op cases compare: the
// first shows it and one other, the same each time and not in all cases.
std::vector<std::string> shown_on(const BackendEntry& b, const std::string& name) {
  if (!b.survey || !b.variants) return {""};
  const std::vector<std::string> all = b.variants();
#ifdef LT_SANITIZED
  return {all.front()};  // the op cases show a sanitizer the memory of each variant
#endif
  if (all.size() < 3) return all;
  Hash hash;
  hash.add(name.data(), name.size());
  return {all.front(), all[1 + (hash.value() >> 16) % (all.size() - 1)]};
}

// unused: with none of the adapters that were loaded, too.
void adapted_logits(const std::string& folder, const Json& of, const AdapterCase& with, const std::string& on, const std::string& variant,
                    bool unused) {
  const std::vector<int32_t> ids = golden_ids(folder);
  const auto file = gguf::File::open(shared(folder + "/model-bf16.gguf"));
  const auto backend = open_kept(on, variant);
  const auto model = model::load(*file, *backend, {.adapters = &with.files, .context = std::ssize(ids)});
  const auto run = [&](const std::vector<AdapterShare>& shares) {
    return forward(*model, *backend, ids, Type::f32, nullptr, false, {}, {std::ssize(with.files), shares});
  };
  const double most = golden_exact * (on == "ref" ? 1 : 2);
  check_distances(distances(run(with.shares), rows_of_floats(shared(folder + "/" + of.at("logits").string())), ids.size()), most, on,
                  folder);
  if (unused) check_distances(distances(run({}), rows_of_floats(shared(folder + "/logits.f32")), ids.size()), most, on, folder);
}

// Each rank has its share of the factors, as of the weights.
void adapted_on_ranks(const std::string& folder, const Json& of, const AdapterCase& with, int size) {
  const std::vector<int32_t> ids = golden_ids(folder);
  const auto file = gguf::File::open(shared(folder + "/model-bf16.gguf"));
  const auto run = [&](int ranks, bool exact) { return forward_on_threads(ranks, *file, "cpu", ids, Type::f32, exact, false, {}, with); };
  const std::vector<float> wanted = rows_of_floats(shared(folder + "/" + of.at("logits").string())), one = run(1, false)[0].logits;
  for (const RankRun& r : run(size, false)) {
    check_distances(distances(r.logits, wanted, ids.size()), 2 * golden_exact, "cpu", folder);
  }
  for (const RankRun& r : run(size, true)) CHECK_THAT(same_bits(r.logits, one), r.division << ": not the bits of one rank");
}

CHECK_CASE("model/adapters whose tensors are not the model's are refused") {
  const auto base = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const auto backend = open_backend("ref", {});
  const auto load = [&](const std::vector<convert::FloatTensor>& tensors, bool steers = false, float alpha = 1) {
    std::vector<gguf::Field> fields = {gguf::field("general.architecture", steers ? "controlvector" : "llama"),
                                       gguf::field("general.type", "adapter"), gguf::field("adapter.type", "lora"),
                                       gguf::field("adapter.lora.alpha", alpha)};
    const std::vector<uint8_t> bytes = convert::file_of(fields, tensors);
    const std::vector<model::AdapterFile> files = {{.file = gguf::File::view(bytes), .name = "one", .steers = steers}};
    model::load(*base, *backend, {.adapters = &files});
  };
  const auto zeros = [](const std::string& name, std::vector<int64_t> dims) {
    size_t values = 1;
    for (const int64_t d : dims) values *= static_cast<size_t>(d);
    return convert::FloatTensor{name, std::move(dims), std::vector<float>(values)};
  };
  const std::string q = "blk.0.attn_q.weight.lora_";
  load({zeros(q + "a", {256, 2}), zeros(q + "b", {2, 256})});
  load({zeros("token_embd.weight.lora_a", {2, 1024}), zeros("token_embd.weight.lora_b", {2, 256})});
  load({zeros("direction.1", {256}), zeros("direction.3", {256})}, true);
  CHECK_THROWS(load({zeros(q + "a", {256, 2})}), Code::format);
  CHECK_THROWS(load({zeros(q + "a", {256, 2}), zeros(q + "b", {3, 256})}), Code::format);
  CHECK_THROWS(load({zeros(q + "a", {128, 2}), zeros(q + "b", {2, 256})}), Code::format);
  CHECK_THROWS(load({zeros(q + "a", {256, 2, 2}), zeros(q + "b", {2, 256, 2})}), Code::format);
  CHECK_THROWS(load({zeros("token_embd.weight.lora_a", {256, 2}), zeros("token_embd.weight.lora_b", {2, 1024})}), Code::format);
  for (const std::string name :
       {"blk.0.attn_norm.weight", "blk.4.attn_q.weight", "output.weight", "blk.0.attn_qkv.weight"})  // its head is tied
    CHECK_THROWS(load({zeros(name + ".lora_a", {256, 2}), zeros(name + ".lora_b", {2, 256})}), Code::unsupported);
  CHECK_THROWS(load({zeros("blk.0.attn_norm.weight", {256})}), Code::unsupported);
  for (const std::string name : {"direction.0", "direction.4", "blk.0.attn_q.weight"})
    CHECK_THROWS(load({zeros(name, {256})}, true), Code::unsupported);
  CHECK_THROWS(load({zeros("direction.1", {128})}, true), Code::format);
  CHECK_THROWS(load({zeros("direction.1", {256, 2})}, true), Code::format);
}

CHECK_GENERATOR() {
  for (const std::string set : {"lora", "cvec"}) {
    Json index = Json::parse("{}");
    try {
      index = Json::parse(read_file(shared("golden2/" + set + "/index.json")));
    } catch (const Skip& skip) {
      cases().push_back({"model/adapters of golden2/" + set, [why = skip.reason] { throw Skip{why}; }});
      continue;
    }
    for (const auto& [name, entry] : index.members()) {
      const std::string folder = "golden2/" + set + "/" + name;
      const Json all = Json::parse(read_file(shared(folder + "/cases.json")));
      bool first = true;
      for (const Json& of : all.at("cases").items()) {
        const AdapterCase with = set == "lora" ? lora_case(folder, of) : vector_case(folder, of);
        if (with.files.empty()) continue;
        for (const int size : {2, 3})
          cases().push_back({"comm/" + folder + " " + of.at("name").string() + " on " + std::to_string(size) + " ranks",
                             [=] { adapted_on_ranks(folder, of, with, size); }});
        for (const BackendEntry& b : backends()) {
          if (b.survey && b.survey().devices.empty()) continue;
          const std::string adapted = folder + " " + of.at("name").string();
          const bool unused = first || !b.survey;  // a device takes as long again
          for (const std::string& v : shown_on(b, adapted)) {
            const std::string on(b.name);
            cases().push_back(
                {"model/" + adapted + " on " + on + (v.empty() ? "" : " ") + v, [=] { adapted_logits(folder, of, with, on, v, unused); }});
          }
        }
        first = false;
      }
    }
  }
}

}  // namespace
}  // namespace lt::check
