// LoRA adapters and control vectors against logits of models whose weights were merged, or to whose layers directions were added, in
// float64 (../shared/golden2/lora, cvec), on every backend.
#include <map>

#include "check/forward.h"
#include "check/golden.h"
#include "check/ranks.h"
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

void adapted_logits(const std::string& folder, const Json& of, const AdapterCase& with, const std::string& on, const std::string& variant) {
  const std::vector<int32_t> ids = golden_ids(folder);
  const auto file = gguf::File::open(shared(folder + "/model-bf16.gguf"));
  const auto backend = open_kept(on, variant);
  const auto model = model::load(*file, *backend, {.adapters = &with.files, .context = std::ssize(ids)});
  const auto run = [&](const std::vector<AdapterShare>& shares) {
    return forward(*model, *backend, ids, Type::f32, nullptr, false, {}, {std::ssize(with.files), shares});
  };
  const double most = golden_exact * (on == "ref" ? 1 : 2);
  const double worst = distances(run(with.shares), rows_of_floats(shared(folder + "/" + of.at("logits").string())), ids.size()).back();
  CHECK_THAT(worst <= most, "the worst row is " << worst << " from the reference, expected at most " << most);
  const double without = distances(run({}), rows_of_floats(shared(folder + "/logits.f32")), ids.size()).back();
  CHECK_THAT(without <= most, "without adapters the worst row is " << without << " from the reference, expected at most " << most);
}

// Each rank has its share of the factors, as of the weights.
void adapted_on_ranks(const std::string& folder, const Json& of, const AdapterCase& with, int size) {
  const std::vector<int32_t> ids = golden_ids(folder);
  const auto file = gguf::File::open(shared(folder + "/model-bf16.gguf"));
  const auto run = [&](int ranks, bool exact) { return forward_on_threads(ranks, *file, "cpu", ids, Type::f32, exact, false, {}, with); };
  const std::vector<float> wanted = rows_of_floats(shared(folder + "/" + of.at("logits").string())), one = run(1, false)[0].logits;
  for (const RankRun& r : run(size, false)) {
    const double worst = distances(r.logits, wanted, ids.size()).back();
    CHECK_THAT(worst <= 2 * golden_exact, r.division << ": the worst row is " << worst << " from the reference");
  }
  for (const RankRun& r : run(size, true)) CHECK_THAT(same_bits(r.logits, one), r.division << ": not the bits of one rank");
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
      for (const Json& of : all.at("cases").items()) {
        const AdapterCase with = set == "lora" ? lora_case(folder, of) : vector_case(folder, of);
        if (with.files.empty()) continue;
        for (const int size : {2, 3})
          cases().push_back({"comm/" + folder + " " + of.at("name").string() + " on " + std::to_string(size) + " ranks",
                             [=] { adapted_on_ranks(folder, of, with, size); }});
        for (const BackendEntry& b : backends()) {
          if (b.survey && b.survey().devices.empty()) continue;
          for (const std::string& v : b.survey&& b.variants ? b.variants() : std::vector<std::string>{""}) {
            const std::string on(b.name);
            cases().push_back({"model/" + folder + " " + of.at("name").string() + " on " + on + (v.empty() ? "" : " ") + v,
                               [=] { adapted_logits(folder, of, with, on, v); }});
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace lt::check
