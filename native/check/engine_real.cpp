// Real models through the engine on the CPU backend: the same bytes whatever the steps, the threads and the company.
#include <utility>

#include "check/engine_loaded.h"
#include "quant/type.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::EngineOptions;
using engine::Finish;
using engine::Report;
using engine::Request;

const char* const story = "Once upon a time, a brave fox lived near a small village. Every morning the fox went to the river ";

void check_same_report(const Report& got, const Report& alone, const std::string& what) {
  CHECK_THAT(got.text == alone.text && got.tokens.size() == alone.tokens.size() && got.finish == alone.finish,
             what << ": " << got.text << " | " << alone.text);
  for (size_t i = 0; i < got.tokens.size(); i++) {
    const auto &a = got.tokens[i], &b = alone.tokens[i];
    CHECK_THAT(a.id == b.id && std::memcmp(&a.logprob, &b.logprob, sizeof a.logprob) == 0, what << ": token " << i);
    CHECK_THAT(a.top[1].id == b.top[1].id && std::memcmp(&a.top[1].logprob, &b.top[1].logprob, sizeof(float)) == 0,
               what << ": second best " << i);
  }
}

std::string repeated(int times) {
  std::string s;
  for (int i = 0; i < times; i++) s += story;
  return s;
}

CHECK_CASE("engine/real: a prompt's logits are the same bytes whatever the steps and threads") {
  std::vector<float> first;
  for (const int threads : {1, 2})
    for (const int64_t rows : {1, 6, 64, 100, 512}) {
      Loaded model(options(256, rows, 4, threads));
      Request r = model.ask(repeated(6), 0);
      r.prompt.resize(std::min<size_t>(r.prompt.size(), 130));
      r.kind = engine::Score{};
      const Report got = model.run(r);
      if (first.empty()) first = got.rows;
      CHECK(got.rows.size() == r.prompt.size() * static_cast<size_t>(model.engine->info().vocabulary));
      CHECK_THAT(same_bits(got.rows, first), rows << " rows a step, " << threads << " threads");
    }
}

CHECK_CASE("engine/real: together, pushed out and cut in pieces, as alone") {
  for (const char* cache : {"f16", "q8_0"}) {
    EngineOptions one = options(256);
    one.cache_type = cache;
    std::vector<Request> all;
    std::vector<Report> alone;
    {
      Loaded model(one);
      for (int i = 0; i < 16; i++) {
        all.push_back(
            model.ask(std::string(story).substr(0, 20 + static_cast<size_t>(i * 5)) + " and", 10 + i * 6, static_cast<uint64_t>(i)));
        alone.push_back(model.run(all.back()));
      }
    }
    for (const auto& [context, rows, sequences] : {std::tuple{256, 512, 16}, std::tuple{256, 7, 5}, std::tuple{512, 64, 32}}) {
      EngineOptions many = options(context, rows, sequences, 2);
      many.cache_type = cache;
      Loaded model(many);
      std::vector<uint64_t> ids;
      for (const Request& r : all) ids.push_back(model.engine->submit(r));
      for (size_t i = 0; i < ids.size(); i++)
        check_same_report(model.reports.wait(ids[i]), alone[i], cache + (" request " + std::to_string(i)));
    }
  }
}

CHECK_CASE("engine/real: a known beginning gives the same bytes") {
  Loaded model(options(512));
  const Request r = model.ask(repeated(6), 20);
  const Report first = model.run(r), again = model.run(r);
  CHECK(first.cached_tokens == 0 && again.cached_tokens >= 64);
  check_same_report(again, first, "again");
}

CHECK_CASE("engine/real: a beginning of any length that is known gives the same bytes") {
  const Loaded alone(options(512));
  const int64_t vocabulary = alone.engine->info().vocabulary;
  for (const char* cache : {"f16", "f32", "q8_0"})
    for (const size_t length : {2u, 40u, 64u, 65u, 100u, 129u}) {
      EngineOptions o = options(512);
      o.cache_type = cache;
      Loaded model(o);
      Request r = model.ask(repeated(4), 4);
      r.prompt.resize(length);
      r.generate().top_logprobs = static_cast<int>(vocabulary);  // all of them: their bytes are those of the logits
      const Report first = model.run(r), again = model.run(r);
      CHECK_THAT(first.cached_tokens == 0 && again.cached_tokens == static_cast<int64_t>(length) - 1,
                 again.cached_tokens << " of " << length);
      CHECK(first.tokens.size() == again.tokens.size());
      for (size_t i = 0; i < first.tokens.size(); i++) {
        const auto &a = first.tokens[i].top, &b = again.tokens[i].top;
        CHECK(std::ssize(a) == vocabulary && std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0);
      }
    }
}

CHECK_CASE("engine/real: guesses of what comes next change no byte, and right ones save steps") {
  Loaded plain(options(512));
  const Request asked = plain.ask(repeated(3), 60);
  const Report alone = plain.run(asked);
  std::vector<int32_t> text = asked.prompt;
  for (const auto& t : alone.tokens) text.push_back(t.id);
  for (const size_t right : {0u, 1u, 3u, 40u})
    for (const bool wrong : {false, true}) {
      size_t calls = 0;
      EngineOptions o = options(512, 64);
      o.propose = [&](std::span<const int32_t> tokens, int64_t most, std::vector<int32_t>& drafts) {
        calls++;
        CHECK(most == std::ssize(text) - std::ssize(tokens) - 1);
        drafts.insert(drafts.end(), text.begin() + std::ssize(tokens), text.end());
        if (drafts.size() > right) drafts.resize(right);
        if (wrong) drafts.insert(drafts.end(), {text[tokens.size() + drafts.size()] == 5 ? 6 : 5, -1, 7});
      };
      Loaded model(o);
      check_same_report(model.run(asked), alone, std::to_string(right) + " right guesses");
      // The step of the prompt, then those of a token and its drafts, and none behind the last.
      const size_t steps = 1 + (alone.tokens.size() - 2) / (right + 1);
      CHECK_THAT(calls >= steps - 1 && calls <= steps, calls << " times asked with " << right << " right, about " << steps << " expected");
    }
}

CHECK_CASE("engine/real: rows given as embeddings are as the tokens that have them") {
  const auto file = gguf::File::open(shared("models/story-Q8_0.gguf"));
  const gguf::HostTensor& table = *file->tensor("token_embd.weight");
  Loaded plain(options(512));
  const Request asked = plain.ask(repeated(4), 12);
  const Report alone = plain.run(asked);
  Request given = asked;
  given.salt = 9;
  for (size_t at = 0; at < asked.prompt.size(); at += at % 5 == 0 ? 1 : 3) {
    given.given_at.push_back(static_cast<int32_t>(at));
    std::vector<float> row(static_cast<size_t>(table.cols()));
    const auto id = static_cast<size_t>(std::exchange(given.prompt[at], 0));
    quant::info(table.type)
        .dequantize(row.data(), static_cast<const char*>(table.data) + id * static_cast<size_t>(quant::row_bytes(table.type, table.cols())),
                    table.cols());
    given.given.insert(given.given.end(), row.begin(), row.end());
  }
  CHECK_THROWS(plain.engine->submit(given), Code::argument);
  for (const int64_t rows : {512, 7}) {
    EngineOptions o = options(512, rows, 4, 2);
    o.takes_embeddings = true;
    Loaded model(o);
    check_same_report(model.run(asked), alone, "tokens");
    const uint64_t beside = model.engine->submit(asked);
    check_same_report(model.run(given), alone, "embeddings");
    check_same_report(model.reports.wait(beside), alone, "tokens beside");
    const Report again = model.run(given);
    CHECK(again.cached_tokens >= 64);
    check_same_report(again, alone, "embeddings again");
    const auto refused = [&](auto change) {
      Request wrong = given;
      change(wrong);
      CHECK_THROWS(model.engine->submit(wrong), Code::argument);
    };
    refused([](Request& r) { r.salt = 0; });
    refused([](Request& r) { r.given.pop_back(); });
    refused([](Request& r) { std::swap(r.given_at[0], r.given_at[1]); });
    refused([](Request& r) { r.given_at.back() = static_cast<int32_t>(r.prompt.size()); });
  }
}

CHECK_CASE("engine/real: what the file and the options say") {
  Loaded model(options(256));
  const engine::ModelInfo& info = model.engine->info();
  CHECK(info.architecture == "llama" && info.context_tokens == 256 && info.parameters > 1000000 && info.file_type == "Q8_0" &&
        info.threads == 1);
  CHECK(info.memory.kv == static_cast<uint64_t>(info.layers * 256 * info.kv_heads * (info.width / info.heads) * 2 * 2));
  CHECK(!info.chat_template.empty() && info.memory.weights > 3000000 && info.memory.weights <= info.file_bytes);
}

CHECK_CASE("engine/real: a context larger than the model's length is for many requests, none of them longer than the model") {
  Loaded model(options(3000));
  const int64_t trained = model.engine->info().trained_context;
  CHECK(trained < 3000 && model.engine->info().context_tokens == 3000);
  Request r = model.ask("Once", 1);
  r.prompt.assign(static_cast<size_t>(trained), 300);
  CHECK_THROWS(model.engine->submit(r), Code::context);
  r.prompt.resize(static_cast<size_t>(trained) - 2);
  r.generate().max_tokens = -1;
  r.generate().ignore_end = true;
  CHECK(model.run(r).completion_tokens == 2);
}

CHECK_CASE("engine/real: options that cannot be are refused") {
  const auto refused = [](const EngineOptions& o, Code code) { CHECK_THROWS(Loaded(o), code); };
  refused(options(-1), Code::argument);
  refused(options(256, -1), Code::argument);
  refused(options(256, 64, 0), Code::argument);
  EngineOptions o = options(256);
  o.cache_type = "q9";
  refused(o, Code::argument);
  o = options(256);
  o.backend = "abacus";
  refused(o, Code::argument);
  const auto stopped = [](double) { return false; };
  CHECK_THROWS(
      engine::Engine::load(gguf::File::open(shared("models/story-Q8_0.gguf")), options(256), [](auto&&) {}, stopped), Code::disposed);
}

}  // namespace
