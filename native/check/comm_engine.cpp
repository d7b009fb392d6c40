// Engines on several ranks: rank 0 takes requests, the others follow, and all end together.
#include "check/comm_engine.h"

#include <thread>

#include "check/engine_loaded.h"
#include "check/ranks.h"
#include "engine/identity.h"
#include "engine/rank_loading.h"

namespace lt::check {
namespace {

const std::string story_model = LT_SOURCE_DIR "/models/story-Q8_0.gguf";
const char* const beginning = "Once upon a time, a brave fox lived near a small village. Every morning the fox went to ";

std::string text_of(int times) {
  std::string s;
  for (int i = 0; i < times; i++) s += beginning;
  return s;
}

std::vector<engine::Request> requests(Loaded& model) {
  std::vector<engine::Request> all;
  for (int i = 0; i < 6; i++) all.push_back(model.ask(text_of(1).substr(0, 20 + static_cast<size_t>(i) * 9), 12, static_cast<uint64_t>(i)));
  all.push_back(model.ask(text_of(8), 6));  // a prompt of several steps
  return all;
}

std::vector<engine::Report> answers(const engine::EngineOptions& o) {
  Loaded model(o, story_model);
  std::vector<uint64_t> ids;
  for (const engine::Request& r : requests(model)) ids.push_back(model.engine->submit(r));
  std::vector<engine::Report> all;
  for (const uint64_t id : ids) {
    all.push_back(model.reports.wait(id));
    CHECK_THAT(!all.back().error, all.back().error->what());
  }
  return all;
}

bool same_tokens(const engine::Report& a, const engine::Report& b, bool same_bits) {
  if (a.text != b.text || a.tokens.size() != b.tokens.size()) return false;
  for (size_t i = 0; i < a.tokens.size(); i++)
    if (same_bits && std::memcmp(&a.tokens[i].logprob, &b.tokens[i].logprob, sizeof(float)) != 0) return false;
  return true;
}

engine::EngineOptions on(const std::shared_ptr<comm::Comm>& comm, bool exact) {
  engine::EngineOptions o = options(512, 100);
  o.exact_ranks = exact;
  o.comm = comm;
  return o;
}

// What the error of `work` says; empty: none.
std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return std::string(code_name(e.code())) + ": " + e.what();
  }
  return "";
}

}  // namespace

void check_engine(const std::shared_ptr<comm::Comm>& comm) {
  if (comm->rank() > 0) return engine::follow(comm, story_model, on(comm, false));
  const std::vector<engine::Report> alone = [] {
    engine::EngineOptions o = options(512, 100);
    o.comm = comm::threads(1)[0];
    return answers(o);
  }();
  // A later model is loaded as rank 0 says, whatever the others began with.
  const std::vector<engine::Report> divided = answers(on(comm, false)), again = answers(on(comm, false)), exact = answers(on(comm, true));
  for (size_t i = 0; i < alone.size(); i++) {
    CHECK_THAT(same_tokens(again[i], divided[i], true), "request " << i << " gives other bits the second time");
    CHECK_THAT(same_tokens(exact[i], alone[i], true), "request " << i << ": not the bits of one rank, " << exact[i].text);
    CHECK(divided[i].tokens.size() > 1);
  }
  comm->say_the_end();
}

namespace {

CHECK_CASE("comm/an engine on ranks: the same bits each time, and in exact mode those of one rank") {
  for (const int size : {2, 3}) on_ranks(size, check_engine);
}

CHECK_CASE("comm/adapters of an engine on ranks: each request's own, in exact mode with the bits of one rank") {
  const std::string folder = "golden2/lora/llama", file = shared(folder + "/model-bf16.gguf");
  const auto with = [&](const std::shared_ptr<comm::Comm>& comm) {
    engine::EngineOptions o = on(comm, true);
    for (const std::string name : {"A", "B"}) o.adapters.push_back({.path = shared(folder + "/" + name + ".gguf"), .name = name});
    return o;
  };
  const auto rows = [](const engine::EngineOptions& o, const std::string& path) {
    Loaded model(o, path);
    std::vector<uint64_t> ids;
    for (const std::vector<engine::AdapterWish>& wishes :
         std::vector<std::vector<engine::AdapterWish>>{{}, {{"A", 1}}, {{"B", 0.5}}, {{"A", -1}, {"B", 1}}}) {
      engine::Request r = fake_request({5, 6, 7, 8, 9, 10}, 0);
      r.kind = engine::Score{};
      r.adapters = wishes;
      ids.push_back(model.engine->submit(std::move(r)));
    }
    std::vector<std::vector<float>> all;
    for (const uint64_t id : ids) all.push_back(model.reports.wait(id).rows);
    return all;
  };
  const std::vector<std::vector<float>> alone = rows(with(comm::threads(1)[0]), file);
  for (size_t i = 1; i < alone.size(); i++) CHECK(!alone[i].empty() && !same_bits(alone[i], alone[i - 1]));
  on_ranks(2, [&](const auto& comm) {
    if (comm->rank() > 0) return engine::follow(comm, file, with(comm));
    for (int model = 0; model < 2; model++) {  // the second is loaded as rank 0 says
      const std::vector<std::vector<float>> found = rows(with(comm), file);
      for (size_t i = 0; i < alone.size(); i++) CHECK_THAT(same_bits(found[i], alone[i]), "request " << i << " of model " << model);
    }
    comm->say_the_end();
  });
}

CHECK_CASE("comm/two models on the same ranks, and a long prompt that is aborted") {
  on_ranks(2, [](const auto& comm) {
    if (comm->rank() > 0) return engine::follow(comm, story_model, on(comm, false));
    {
      Loaded a(on(comm, false), story_model), b(on(comm, false), story_model);
      const uint64_t one = a.engine->submit(a.ask(text_of(20), 4)), two = b.engine->submit(b.ask(text_of(2), 20));
      a.engine->abort(one);
      CHECK(a.reports.wait(one).finish == engine::Finish::aborted);
      CHECK(!b.reports.wait(two).error);
      CHECK(!a.run(a.ask(text_of(1), 4)).tokens.empty());
      CHECK(a.engine->info().ranks.starts_with("2 ranks: ") && a.engine->info().ranks.find("attention heads ") != std::string::npos);
    }
    comm->say_the_end();
  });
}

// Where heads do not divide evenly, a rank's share of a state is smaller than another's, and more of them have room in its memory.
CHECK_CASE("comm/ranks whose shares of a state differ keep as many of them") {
  for (const std::string name : {"mamba2", "falcon-h1", "nemotron-h"}) {
    const std::string file = shared("golden/hf/" + name + "/model-bf16.gguf");
    on_ranks(3, [&](const auto& comm) {
      engine::EngineOptions o = on(comm, false);
      o.state_memory = 60000;
      if (comm->rank() > 0) return engine::follow(comm, file, o);
      Loaded model(o, file);
      std::vector<uint64_t> ids;
      for (int i = 0; i < 24; i++) {
        engine::Request r = fake_request(std::vector<int32_t>(static_cast<size_t>(20 + 7 * i), 1 + i % 5), 8, static_cast<uint64_t>(i));
        ids.push_back(model.engine->submit(r));
      }
      for (const uint64_t id : ids) {
        const engine::Report got = model.reports.wait(id);
        CHECK_THAT(!got.error, name << ": " << got.error->what());
      }
      comm->say_the_end();
    });
  }
}

CHECK_CASE("comm/ranks with other options or files are refused by their number, on all ranks") {
  const auto refused = [](int64_t other_context, const std::string& other_file, const std::string& expected, int64_t states = 256 << 20) {
    std::vector<std::string> said(3);
    on_ranks(3, [&](const auto& comm) {
      engine::EngineOptions o = on(comm, false);
      if (comm->rank() == 2) o.context_tokens = other_context, o.state_memory = states;
      const std::string& path = comm->rank() == 2 ? other_file : story_model;
      said[static_cast<size_t>(comm->rank())] = error_of([&] {
        if (comm->rank() > 0) return engine::follow(comm, path, o);
        Loaded model(o, path);
      });
    });
    for (const std::string& s : said) CHECK_THAT(s.starts_with(expected), s << " where " << expected << " was expected");
  };
  refused(256, story_model, "ARGUMENT: rank 2 has contextTokens 256, rank 0 has contextTokens 512: ");
  refused(512, story_model, "ARGUMENT: rank 2 has stateMemory 1, rank 0 has stateMemory 268435456: ", 1);
  refused(512, "/no/such/model.gguf", "FILE: rank 2: /no/such/model.gguf: ");
  refused(512, shared("models/SmolLM2-135M-Instruct-Q4_1.gguf"), "ARGUMENT: rank 2 has a model file of ");
}

CHECK_CASE("comm/ranks of other versions are refused by their number") {
  const engine::Identity a{"1.0.0", "7 bytes", "plain"}, b{"1.0.1", "7 bytes", "plain"};
  CHECK(error_of([&] { engine::compare({a, a, a}); }).empty());
  CHECK(error_of([&] { engine::compare({a, a, b}); }) == "ARGUMENT: rank 2 has llama-ts 1.0.1, rank 0 has 1.0.0: all ranks need the same");
}

CHECK_CASE("comm/a rank that fails while others compute ends their requests with its number") {
  on_ranks(3, [](const auto& comm) {
    if (comm->rank() > 0) {
      const std::string said = error_of([&] { engine::follow(comm, story_model, on(comm, false)); });
      CHECK_THAT(said == "DEVICE: rank 1: the test pulled its plug", said);
      return;
    }
    Loaded model(on(comm, false), story_model);
    const uint64_t id = model.engine->submit(model.ask(text_of(1), 400));
    model.reports.wait_for_tokens(id, 3);
    comm->fail(Error(Code::device, "rank 1: the test pulled its plug"));
    const engine::Report got = model.reports.wait(id);
    CHECK(got.error && std::string(got.error->what()) == "rank 1: the test pulled its plug");
    const engine::Report later = model.reports.wait(model.engine->submit(model.ask(text_of(1), 4)));
    CHECK_THAT(later.error && later.error->code() == Code::device, "a later request must fail too");
  });
}

// A fingerprint tells apart files that differ in a weight alone.
CHECK_CASE("comm/the fingerprint of a file is of its weights too") {
  std::string bytes = read_file(story_model);
  const auto identity = [&] {
    std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    return engine::identity_of(*gguf::File::view({reinterpret_cast<const uint8_t*>(aligned.data()), bytes.size()}), {}).file;
  };
  const std::string before = identity();
  const auto file = gguf::File::open(story_model);
  const auto& t = file->tensors()[5];
  const std::string_view weights(static_cast<const char*>(t.data), std::min<size_t>(t.bytes, 64));
  bytes[bytes.find(weights)] ^= 1;
  CHECK(identity() != before);
}

}  // namespace
}  // namespace lt::check
