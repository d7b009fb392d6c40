// Adapters that a model was loaded with: who has them, what is shared with whom, what they take, what is refused.
#include "check/engine_loaded.h"
#include "check/golden.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::AdapterOption;
using engine::AdapterWish;
using engine::EngineOptions;
using engine::Request;

const std::string adapters_folder = "golden2/lora/llama";

EngineOptions with_adapters(std::vector<AdapterOption> adapters) {
  EngineOptions o = options(512);
  o.cache_type = "f32";
  o.adapters = std::move(adapters);
  return o;
}
AdapterOption adapter(const std::string& name, double scale = 1) {
  return {.path = shared(adapters_folder + "/" + name + ".gguf"), .name = name, .scale = scale};
}
std::string base_model() { return shared(adapters_folder + "/model-bf16.gguf"); }

Request scored(std::optional<std::vector<AdapterWish>> adapters) {
  Request r;
  r.prompt = golden_ids(adapters_folder);
  r.kind = engine::Score{};
  r.adapters = std::move(adapters);
  return r;
}

CHECK_CASE("engine/a request that names no adapters has those of the load options, by their scales") {
  Loaded model(with_adapters({adapter("A", 0.5), adapter("B", 0)}), base_model());
  const std::vector<float> said = model.run(scored({{{"A", 0.5}}})).rows, unsaid = model.run(scored({})).rows;
  CHECK(same_bits(said, unsaid));
  check_distances(distances(unsaid, rows_of_floats(shared(adapters_folder + "/logits-A-half.f32")), 48), 2 * golden_exact, "cpu",
                  adapters_folder);
  Loaded plain(with_adapters({}), base_model());
  CHECK(same_bits(plain.run(scored({})).rows, model.run(scored({{}})).rows));
  CHECK(same_bits(plain.run(scored({})).rows, model.run(scored({{{"A", 0}}})).rows));
}

CHECK_CASE("engine/beginnings are shared by requests of the same adapters and scales alone") {
  Loaded model(with_adapters({adapter("A"), adapter("B")}), base_model());
  const auto cached = [&](std::vector<AdapterWish> adapters) {
    Request r = fake_request(golden_ids(adapters_folder), 1, 0);
    for (int i = 0; i < 3; i++) r.prompt.insert(r.prompt.end(), r.prompt.begin(), r.prompt.begin() + 40);
    r.adapters = std::move(adapters);
    return model.run(std::move(r)).cached_tokens;
  };
  CHECK(cached({{"A", 1}}) == 0 && cached({{"A", 1}}) > 100);
  CHECK(cached({}) == 0 && cached({{"B", 0}}) > 100);
  CHECK(cached({{"A", 0.5}}) == 0 && cached({{"A", 1}, {"B", 1}}) == 0 && cached({{"B", 1}, {"A", 1}}) > 100);
}

CHECK_CASE("engine/what adapters take of memory is told") {
  // A's factors are floats of 28 tensors, 28160 bytes.
  CHECK(Loaded(with_adapters({adapter("A")}), base_model()).engine->info().memory.adapters == 28160);
  CHECK(Loaded(with_adapters({}), base_model()).engine->info().memory.adapters == 0);
}

CHECK_CASE("engine/adapters that are not the model's are refused") {
  const auto refused = [](AdapterOption a, Code code) { CHECK_THROWS(Loaded(with_adapters({std::move(a)}), base_model()), code); };
  refused({.path = shared("golden2/lora/qwen3/A.gguf"), .name = "other"}, Code::unsupported);
  refused({.path = base_model(), .name = "model"}, Code::unsupported);
  refused({.path = shared("golden2/cvec/llama/A.gguf"), .name = "vector"}, Code::unsupported);
  refused({.path = shared(adapters_folder + "/A.gguf"), .name = "lora", .steers = true}, Code::unsupported);
  refused({.path = shared("golden2/cvec/qwen3moe/A.gguf"), .name = "narrow", .steers = true, .first = 3, .last = 2}, Code::argument);
  refused({.path = "/no/such/file.gguf", .name = "absent"}, Code::file);
  CHECK_THROWS(Loaded(with_adapters({adapter("A"), adapter("A")}), base_model()), Code::argument);
  Loaded model(with_adapters({adapter("A")}), base_model());
  CHECK_THROWS(model.engine->submit(scored({{{"C", 1}}})), Code::argument);
  CHECK_THROWS(model.engine->submit(scored({{{"A", 1}, {"A", 1}}})), Code::argument);
  CHECK_THROWS(model.engine->submit(scored({{{"A", std::numeric_limits<double>::infinity()}}})), Code::argument);
}

}  // namespace
