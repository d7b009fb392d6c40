// Random schedules of small models of every architecture: requests that come and go, are aborted, push each other out, share
// beginnings and go on from them, with guesses of what comes next computed beside them, get the bits that each gets alone.
// LLAMA_TS_SCHEDULES: how many schedules of each; if it is not set, 12 of one model of each kind of layer and 4 of the others.
#include <cstdlib>
#include <map>
#include <optional>
#include <random>

#include "check/engine_loaded.h"
#include "check/golden.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

int schedules(const std::string& model, const std::string& backend) {
  const char* set = std::getenv("LLAMA_TS_SCHEDULES");
  return set ? std::atoi(set) : of_each_kind(model) && backend == "cpu" ? 12 : 4;
}

// Texts that branch from a few, so that beginnings of every length are shared.
std::vector<int32_t> branch(std::mt19937& random, const std::vector<int32_t>& trunk) {
  std::vector<int32_t> text(trunk.begin(), trunk.begin() + static_cast<int64_t>(1 + random() % trunk.size()));
  for (size_t more = random() % 20; more > 0; more--) text.push_back(static_cast<int32_t>(random() % 300));
  return text;
}

// What a model does with texts.
enum class Does : uint8_t { continues, encodes, rewrites };  // rewrites: an encoder reads them, a decoder writes others

// longest: tokens of a prompt
std::vector<Request> requests(Does does, int64_t longest) {
  std::mt19937 random(11), begins(12);
  std::vector<int32_t> trunk(static_cast<size_t>(std::min<int64_t>(150, longest - 20)));
  for (int32_t& t : trunk) t = static_cast<int32_t>(random() % 300);
  const auto bound = std::make_shared<grammar::Binding>(grammar::Grammar::regex("(?:[^a-z]{1,3}[a-f]*){1,8}"));
  std::vector<Request> all;
  for (uint64_t i = 0; i < 24; i++) {
    Request r = fake_request(branch(random, trunk), static_cast<int64_t>(random() % 40), i);
    r.generate().ignore_end = true;
    r.generate().top_logprobs = 2;
    if (i % 4 == 1) r.generate().bound.to = bound;  // beside others; what must come is offered as guesses
    if (does == Does::encodes) r.kind = engine::Embed{};
    if (does == Does::rewrites)
      r.prompt = all.size() % 3 > 0 ? all.back().prompt : r.prompt, r.decoder = branch(begins, {trunk.begin(), trunk.begin() + 70});
    if (does != Does::encodes && i % 8 == 7) r.kind = engine::Score{};
    all.push_back(std::move(r));
  }
  return all;
}

bool same(const Report& a, const Report& b) {
  if (a.finish != b.finish || a.complete != b.complete || a.tokens.size() != b.tokens.size() || !same_bits(a.rows, b.rows)) return false;
  for (size_t i = 0; i < a.tokens.size(); i++) {
    const auto &x = a.tokens[i], &y = b.tokens[i];
    if (x.id != y.id || x.top.size() != y.top.size()) return false;
    for (size_t j = 0; j < x.top.size(); j++)
      if (x.top[j].id != y.top[j].id || std::memcmp(&x.top[j].logprob, &y.top[j].logprob, sizeof(float)) != 0) return false;
  }
  return true;
}

void schedule(Loaded& model, const std::vector<Request>& all, const std::vector<Report>& alone, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<size_t, uint64_t>> sent;
  std::map<uint64_t, bool> aborted;
  for (size_t n = 1 + random() % 10; n > 0; n--) {
    const size_t which = random() % all.size();
    sent.emplace_back(which, model.engine->submit(all[which]));
    if (random() % 5 == 0) {
      const uint64_t id = sent[random() % sent.size()].second;
      aborted[id] = true;
      model.engine->abort(id);
    }
    if (random() % 4 == 0) model.reports.wait(sent[random() % sent.size()].second);
  }
  for (const auto& [which, id] : sent) {
    const Report got = model.reports.wait(id);
    CHECK_THAT(!got.error, "schedule " << seed << ", request " << which << " failed: " << got.error->what());
    if (aborted.contains(id) && got.finish == Finish::aborted) continue;
    CHECK_THAT(same(got, alone[which]), "schedule " << seed << ": request " << which << " has other bits than alone");
  }
  CHECK_THAT(model.reports.complaint.empty(), model.reports.complaint);
}

// Guesses what comes next in these texts, rightly for some tokens, then wrongly.
engine::Propose guesses(const std::vector<Request>& all, const std::vector<Report>& alone) {
  return [&, random = std::mt19937(5)](std::span<const int32_t> tokens, int64_t, std::vector<int32_t>& drafts) mutable {
    for (size_t i = 0; i < all.size(); i++) {
      std::vector<int32_t> text = all[i].decoder.empty() ? all[i].prompt : all[i].decoder;
      for (const engine::TokenOut& t : alone[i].tokens) text.push_back(t.id);
      if (tokens.size() >= text.size() || !std::equal(tokens.begin(), tokens.end(), text.begin())) continue;
      const auto next = text.begin() + std::ssize(tokens);
      drafts.assign(next, next + static_cast<int64_t>(std::min<size_t>(random() % 6, text.size() - tokens.size())));
      for (size_t more = random() % 3; more > 0; more--) drafts.push_back(static_cast<int32_t>(random() % 300));
      return;
    }
  };
}

// A model beside which adapters are loaded, and where it computes.
struct Beside {
  std::vector<engine::AdapterOption> adapters = {};
  std::string backend = "cpu";
};

// A quarter of the requests has none of the adapters, the others have some.
void choose_adapters(std::vector<Request>& all, const std::vector<engine::AdapterOption>& adapters) {
  if (adapters.empty()) return;
  const std::vector<engine::AdapterWish> some[] = {
      {}, {{adapters[0].name, 1}}, {{adapters[1].name, -0.7}}, {{adapters[1].name, 0.5}, {adapters[0].name, 1.25}}};
  std::mt19937 random(13);
  for (Request& r : all) r.adapters = some[random() % 4];
}

// What each gets of a model that nobody used before; on a device, which takes long to open, of one where the others are over.
std::vector<Report> alone_of(const std::vector<Request>& all, const std::string& file, const Beside& beside) {
  std::vector<Report> out;
  std::optional<Loaded> plain, adapted;
  for (const Request& r : all) {
    const bool adapts = r.adapters && !r.adapters->empty();
    std::optional<Loaded>& model = adapts ? adapted : plain;
    if (!model || beside.backend == "cpu") {
      engine::EngineOptions o = options(512, 200, 1);
      o.backend = beside.backend;
      if (adapts) o.adapters = beside.adapters;  // without any: the bits of the model alone
      model.emplace(o, file);
    }
    out.push_back(model->run(r));
  }
  return out;
}

void random_schedules(const std::string& name, const Beside& beside = {}) {
  const std::string file = golden_file(name, "/model-bf16.gguf");
  const Does does = !golden_decoder_ids(name).empty() ? Does::rewrites : golden_kind(name) == "hidden" ? Does::encodes : Does::continues;
  const bool whole = does != Does::continues;  // a text in one step
  std::vector<Request> all = requests(does, Loaded(options(512, 200, 1), file).engine->info().longest() - 1);
  if (beside.backend != "cpu") all.resize(10);  // a device takes most of its time for what each gets alone
  choose_adapters(all, beside.adapters);
  const std::vector<Report> alone = alone_of(all, file, beside);
  const int count = schedules(name, beside.backend);
  const std::tuple<int64_t, int64_t, int64_t> sizes[] = {{512, 64, 6}, {320, 200, 4}, {1024, 200, 16}, {256, 17, 3}};
  for (int i = 0; i < 4; i++) {
    const auto& [context, rows, sequences] = sizes[i];
    engine::EngineOptions o =
        options(does == Does::rewrites ? std::max<int64_t>(context, 384) : context, whole ? 200 : rows, sequences, 1 + i % 2);
    o.backend = beside.backend, o.adapters = beside.adapters;
    if (i > 0) o.propose = guesses(all, alone);
    Loaded model(o, file);
    for (int n = i; n < count; n += 4) schedule(model, all, alone, static_cast<uint32_t>(n));
  }
}

CHECK_GENERATOR() {
  std::string absent;  // said where the logits are compared
  for (const std::string& name : golden_models(absent)) {
    if (!of_all(name)) continue;
    cases().push_back({of_each_kind(name) ? "engine/random schedules of " + name : "model/" + name + " in random schedules",
                       [=] { random_schedules(name); }});
  }
}

CHECK_GENERATOR() {
  for (const BackendEntry& b : backends()) {
    if (b.name == "ref" || (b.survey && b.survey().devices.empty())) continue;
    for (const std::string model : {"lora/llama", "lora/qwen3moe", "cvec/mamba2"}) {
      if (b.survey && model != "lora/llama") continue;
      const std::string folder = "golden2/" + model, on(b.name);
      cases().push_back({"engine/random schedules of " + folder + " with adapters on " + on, [=] {
                           const bool steers = folder.starts_with("golden2/cvec");
                           const auto adapter = [&](const std::string& name) {
                             return engine::AdapterOption{.path = shared(folder + "/" + name + ".gguf"), .name = name, .steers = steers};
                           };
                           random_schedules(folder, {{adapter("A"), adapter("B")}, on});
                         }});
    }
  }
}

}  // namespace
