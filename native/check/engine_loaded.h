// Real models loaded into an engine, for checks of all that lies between a file and its text.
#pragma once
#include <cstring>

#include "check/engine_fake.h"

namespace lt::check {

struct Loaded {
  Reports reports;
  std::unique_ptr<engine::Engine> engine;

  explicit Loaded(const engine::EngineOptions& options, const std::string& model = shared("models/story-Q8_0.gguf")) {
    engine = engine::Engine::load(gguf::File::open(model), options, reports.sink(), [](double) { return true; });
  }
  engine::Report run(engine::Request r) {
    engine::Report got = reports.wait(engine->submit(std::move(r)));
    CHECK_THAT(!got.error, "failed: " << got.error->what());
    return got;
  }
  engine::Request ask(const std::string& text, int64_t max_tokens, uint64_t seed = 0) {
    engine::Request r = fake_request(engine->tokenizer().encode(text, false), max_tokens, seed);
    if (engine->tokenizer().add_bos() && engine->tokenizer().bos() >= 0) r.prompt.insert(r.prompt.begin(), engine->tokenizer().bos());
    r.generate().top_logprobs = 2;
    return r;
  }
};

inline engine::EngineOptions options(int64_t context, int64_t rows = 512, int64_t sequences = 32, int threads = 1) {
  engine::EngineOptions o;
  o.backend = "cpu";
  o.context_tokens = context;
  o.batch_tokens = rows;
  o.max_sequences = sequences;
  o.threads = threads;
  return o;
}

}  // namespace lt::check
