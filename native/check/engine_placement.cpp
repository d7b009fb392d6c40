// A model shared between a device and the CPU: every split gives the same bytes, what fits is found out, and what does not is
// refused while loading. The device is the CPU backend behind a memory of its own.
#include <optional>

#include "check/engine_loaded.h"
#include "check/golden.h"
#include "engine/placement.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::EngineOptions;

// What the driver of the device is like.
struct Driver {
  uint64_t memory = uint64_t{1} << 30;  // bytes there are
  std::optional<uint64_t> told;         // of free memory, where it does not tell the truth
  bool present = true;
} driver;

class Island final : public Backend {
 public:
  Island() : cpu_(open_backend("cpu", {1, ""})) {}
  std::string description() const override { return "island"; }
  Ops& ops() override { return cpu_->ops(); }
  bool records() const override { return true; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override { return cpu_->record(std::move(forward)); }
  std::optional<uint64_t> free_memory() const override { return driver.told ? *driver.told : driver.memory - taken_; }
  Tensor place(Tensor host) override {
    take(static_cast<size_t>(host.rows * host.stride));
    copies_.emplace_back(static_cast<const char*>(host.data), static_cast<const char*>(host.data) + host.rows * host.stride);
    copies_.back().resize(copies_.back().size() + 64);  // kernels read whole vectors
    host.data = copies_.back().data();
    return host;
  }
  Tensor alloc(Type type, int64_t rows, int64_t cols) override {
    const Tensor t = cpu_->alloc(type, rows, cols);
    take(static_cast<size_t>(t.rows * t.stride));
    return t;
  }
  void write(Tensor to, const void* from) override { cpu_->write(to, from); }
  void read(void* to, Tensor from) override { cpu_->read(to, from); }
  size_t reserve(const Needs& needs) override {
    const size_t bytes = cpu_->reserve(needs);  // all that it has by now
    take(bytes - reserved_);
    return reserved_ = bytes;
  }

 private:
  void take(size_t bytes) {
    if (taken_ + bytes > driver.memory) throw Error(Code::memory, "island: the memory is full");
    taken_ += bytes;
  }
  std::unique_ptr<Backend> cpu_;
  std::vector<std::vector<char>> copies_;
  uint64_t taken_ = 0;
  size_t reserved_ = 0;
};

// In the registry while it lives, so that no other check sees it.
struct Registered {
  explicit Registered(const Driver& d = {}) {
    driver = d;
    backends().push_back({.name = "island",
                          .open = [](const BackendOptions&) -> std::unique_ptr<Backend> { return std::make_unique<Island>(); },
                          .survey = [] { return driver.present ? Survey{{{"island"}}, ""} : Survey{{}, "the sea is too high"}; },
                          .for_tests = true});
  }
  ~Registered() { backends().pop_back(); }
};

EngineOptions on_island(int64_t layers) {
  EngineOptions o = options(256);
  o.backend = "island:0";
  o.gpu_layers = layers;
  return o;
}

std::vector<float> logits(Loaded& model, size_t tokens) {
  engine::Request r = model.ask("Once upon a time, a brave fox lived near a small village", 0);
  r.prompt.resize(std::min(r.prompt.size(), tokens));
  r.kind = engine::Score{};
  return model.run(r).rows;
}

const std::string model_path = LT_SOURCE_DIR "/models/story-Q8_0.gguf";

CHECK_CASE("engine/placement: any number of layers on a device gives the bytes of none") {
  const Registered island;
  Loaded alone(options(256), model_path);
  const std::vector<float> wanted = logits(alone, 9);
  const std::string text = alone.run(alone.ask("Once", 20)).text;
  const int64_t layers = alone.engine->info().layers;
  CHECK(alone.engine->info().device_layers == 0 && alone.engine->info().memory.device == 0);
  for (int64_t n : {int64_t{0}, int64_t{1}, layers - 1, layers, layers + 1, EngineOptions::all_layers, EngineOptions::fit_layers}) {
    Loaded model(on_island(n), model_path);
    const engine::ModelInfo& info = model.engine->info();
    CHECK_THAT(same_bits(logits(model, 9), wanted), "with " << n << " layers on the device");
    CHECK(model.run(model.ask("Once", 20)).text == text);
    CHECK(info.device_layers == (n < 0 ? layers : std::min(n, layers)));
    CHECK((info.memory.device > 0) == (n != 0));
    CHECK(n != 1 || info.backend.find("island for 1 of 4 layers, cpu") == 0);
  }
}

// The last layers of these read what earlier ones keep, the earliest of which is the `least`th from the end.
void keep_together(const std::string& name, int64_t least) {
  const std::string file = golden_file(name, "/model-bf16.gguf");
  engine::Request r = fake_request(golden_ids(name), 0);
  r.kind = engine::Score{};
  const std::vector<float> wanted = Loaded(options(256), file).run(r).rows;
  const Registered island;
  for (int64_t n = 0;; n++) {
    Loaded model(on_island(n), file);
    const engine::ModelInfo& info = model.engine->info();
    CHECK_THAT(info.device_layers == (n < least ? 0 : n), name << ": " << info.device_layers << " layers on the device, of " << n);
    CHECK_THAT(same_bits(model.run(r).rows, wanted), name << ": other bits with " << n << " layers on the device");
    if (n == info.layers) break;
  }
}

CHECK_CASE("engine/placement: no layer is cut off from one whose keys it reads") {
  keep_together("gemma4", 6);
  keep_together("gemma3n", 7);
}

CHECK_CASE("engine/placement: adapters lie where their layers and experts lie") {
  for (const bool steers : {false, true}) {
    const std::string folder = steers ? "golden2/cvec/qwen3moe" : "golden2/lora/qwen3moe", file = shared(folder + "/model-bf16.gguf");
    engine::Request r = fake_request(golden_ids(folder), 0);
    r.kind = engine::Score{};
    const auto with = [&](EngineOptions o) {
      for (const std::string name : {"A", "B"})
        o.adapters.push_back({.path = shared(folder + "/" + name + ".gguf"), .name = name, .steers = steers});
      return o;
    };
    const std::vector<float> wanted = Loaded(with(options(256)), file).run(r).rows;
    CHECK(!same_bits(wanted, Loaded(options(256), file).run(r).rows));
    const Registered island;
    for (int64_t n = 0; n < 5; n++)
      for (const std::vector<int64_t>& experts : {std::vector<int64_t>{}, {EngineOptions::every_layer}, {1}}) {
        EngineOptions o = with(on_island(n));
        o.cpu_experts = experts;
        CHECK_THAT(same_bits(Loaded(o, file).run(r).rows, wanted), folder << ": other bits with " << n << " layers on the device");
      }
  }
}

// A layer's experts may be anywhere: the same bytes, and less of the device's memory.
void put_experts_apart(const std::string& name) {
  const std::string file = golden_file(name, "/model-bf16.gguf");
  engine::Request score = fake_request(golden_ids(name), 0), text = fake_request(golden_ids(name), 12);
  score.kind = engine::Score{};
  text.generate().ignore_end = true;
  const auto ids = [](const engine::Report& r) {
    std::vector<int32_t> all;
    for (const engine::TokenOut& t : r.tokens) all.push_back(t.id);
    return all;
  };
  Loaded alone(options(256), file);
  const std::vector<float> wanted = alone.run(score).rows;
  const std::vector<int32_t> written = ids(alone.run(text));
  const int64_t count = alone.engine->info().layers;
  const Registered island;
  for (const int64_t layers : {EngineOptions::all_layers, count / 2}) {
    const uint64_t without = Loaded(on_island(layers), file).engine->info().memory.device;
    for (const std::vector<int64_t>& experts : {std::vector<int64_t>{EngineOptions::every_layer}, {count - 1}, {0, count - 1, 1000}}) {
      EngineOptions o = on_island(layers);
      o.cpu_experts = experts;
      Loaded model(o, file);
      const engine::ModelInfo& info = model.engine->info();
      CHECK_THAT(same_bits(model.run(score).rows, wanted), name << ": other bits with experts apart");
      CHECK_THAT(ids(model.run(text)) == written, name << ": another text with experts apart");
      const bool less = info.memory.device < without;
      CHECK_THAT(less || (experts[0] >= 0 && info.memory.device == without),
                 name << ": " << info.memory.device << " bytes on the device, " << without << " with experts");
      CHECK((info.backend.find(", without experts, cpu") != std::string::npos) == less);
      CHECK(info.device_layers == (layers < 0 ? count : layers));
    }
  }
}

CHECK_CASE("engine/placement: experts beside the device that computes the rest of their layers") {
  for (const char* name : {"mixtral", "qwen2moe", "gpt-oss", "deepseek2-v3", "qwen3next", "llama4", "lfm2moe", "golden2/hf/nemotron-h-moe"})
    put_experts_apart(name);
  const Registered island;
  EngineOptions o = on_island(EngineOptions::all_layers);
  o.cpu_experts = {EngineOptions::every_layer};
  CHECK_THROWS(Loaded(o, model_path), Code::argument);
}

CHECK_CASE("engine/placement: as many layers as the device has room for, whatever its driver tells") {
  uint64_t whole = 0;
  {
    const Registered island;
    whole = Loaded(on_island(EngineOptions::all_layers), model_path).engine->info().memory.device;
  }
  const uint64_t spare = 68u << 20;
  const auto layers_with = [](const Driver& d) {
    const Registered island(d);
    Loaded model(on_island(EngineOptions::fit_layers), model_path);
    CHECK(!model.run(model.ask("Once", 5)).text.empty());
    return model.engine->info().device_layers;
  };
  CHECK(layers_with({whole + spare, {}, true}) == 4);
  const int64_t some = layers_with({whole * 3 / 4 + spare, {}, true});
  CHECK_THAT(some > 0 && some < 4, some << " layers");
  CHECK(layers_with({1 << 20, {}, true}) == 0);
  const int64_t lied = layers_with({whole * 3 / 4, uint64_t{1} << 30, true});
  CHECK_THAT(lied > 0 && lied < 4, lied << " layers");
}

CHECK_CASE("engine/placement: more layers than fit are refused while loading") {
  const Registered island({1 << 20, {}, true});
  CHECK_THROWS(Loaded(on_island(4), model_path), Code::memory);
  CHECK_THROWS(Loaded(on_island(EngineOptions::all_layers), model_path), Code::memory);
  driver.told = uint64_t{1} << 30;
  CHECK_THROWS(Loaded(on_island(4), model_path), Code::memory);
}

CHECK_CASE("engine/placement: layers for a device that is not there are refused") {
  EngineOptions o = options(256);
  o.gpu_layers = 2;
  CHECK_THROWS(Loaded(o, model_path), Code::device);
  Driver none;
  none.present = false;
  const Registered island(none);
  CHECK_THROWS(Loaded(on_island(EngineOptions::fit_layers), model_path), Code::device);
  driver.present = true;
  EngineOptions second = on_island(EngineOptions::fit_layers);
  for (const char* name : {"island:1", "island:", "island:-1", "island:x", "island:99999999999"}) {
    second.backend = name;
    CHECK_THROWS(Loaded(second, model_path), std::string(name) == "island:1" ? Code::device : Code::argument);
  }
}

CHECK_CASE("engine/placement: the last layers that fit, then the ends") {
  const std::vector<uint64_t> layers = {10u << 20, 20u << 20, 30u << 20};
  const uint64_t spare = 64u << 20;
  const auto fits = [&](uint64_t megabytes) {
    return engine::fit(spare + (megabytes << 20) * 32 / 31 + (4u << 20), layers, 5u << 20, 1u << 20);
  };
  CHECK(engine::fit(0, layers, 5, 1).layers == 0);
  CHECK(fits(20).layers == 0);
  CHECK(fits(31).layers == 1);
  CHECK(fits(52).layers == 2);
  CHECK(fits(61).layers == 3 && !fits(61).all);
  CHECK(fits(68).all);
}

}  // namespace
