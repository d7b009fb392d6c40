// Random schedules of models that keep windows and states beside all tokens: requests that come and go, share beginnings, are aborted and
// push each other out give what each gives alone. The fake model says where a page or state is another's.
#include <random>
#include <set>

#include "check/engine_fake.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Request;

// Branches of few texts, so that beginnings of every length are shared.
std::vector<int32_t> branch(std::mt19937& random, size_t longest) {
  std::vector<int32_t> text = fake_prompt(1 + random() % longest, random() % 2);
  if (random() % 2) {
    const std::vector<int32_t> other = fake_prompt(1 + random() % 80, 2 + random() % 3);
    text.resize(random() % text.size());
    text.insert(text.end(), other.begin(), other.end());
  }
  return text;
}

struct Tally {
  int64_t cached = 0, aborted = 0, finished = 0;
};

Tally schedule(FakeSize size, uint32_t seed, int waves) {
  FakeEngine fake(size);
  std::mt19937 random(seed);
  Tally tally;
  for (int wave = 0; wave < waves; wave++) {
    std::vector<Request> all;
    std::vector<uint64_t> ids;
    std::set<size_t> aborted;
    for (size_t i = 0; i < 1 + random() % 12; i++) {
      Request r = fake_request(branch(random, 300), static_cast<int64_t>(random() % 90), random());
      r.salt = random() % 4 == 0;
      all.push_back(r);
      ids.push_back(fake.engine->submit(r));
      if (random() % 6 == 0) {
        const size_t which = random() % ids.size();
        fake.engine->abort(ids[which]);
        aborted.insert(which);
      }
    }
    for (size_t i = 0; i < all.size(); i++) {
      const engine::Report got = fake.reports.wait(ids[i]);
      tally.cached += got.cached_tokens;
      if (aborted.contains(i) && got.finish == Finish::aborted)
        tally.aborted++;
      else
        check_same(got, all[i], size.context, size.memory), tally.finished++;
    }
  }
  CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
  return tally;
}

void schedules(FakeMemory memory, int64_t kept) {
  Tally all;
  uint32_t seed = 1;
  for (const auto& [context, rows, sequences] : {std::tuple{4096, 64, 8}, {1024, 16, 4}, {512, 64, 8}, {448, 7, 3}, {2048, 512, 16}}) {
    const Tally t = schedule({context, rows, sequences, memory, kept}, seed++, 12);
    all.cached += t.cached, all.aborted += t.aborted, all.finished += t.finished;
  }
  CHECK_THAT(all.finished > 100 && all.aborted > 0 && all.cached > 2000,
             all.finished << " finished, " << all.aborted << " aborted, " << all.cached << " tokens reused");
}

CHECK_CASE("engine/random schedules of a model with windows") { schedules({100, false}, 0); }
CHECK_CASE("engine/random schedules of a model with states") { schedules({0, true}, 12); }
CHECK_CASE("engine/random schedules of a model with windows and states") { schedules({70, true}, 40); }
CHECK_CASE("engine/random schedules of a model with room for few states") { schedules({0, true}, 2); }

CHECK_CASE("engine/eight requests with the beginning of another go on from its state") {
  FakeEngine fake({8192, 64, 8, {0, true}, 40});
  const std::vector<int32_t> system = fake_prompt(500, 1);
  const auto ask = [&](uint32_t i) {
    std::vector<int32_t> prompt = system;
    const std::vector<int32_t> own = fake_prompt(30, 10 + i);
    prompt.insert(prompt.end(), own.begin(), own.end());
    return fake_request(prompt, 8, i);
  };
  check_same(fake.run(ask(0)), ask(0), 8192, {0, true});
  std::vector<uint64_t> ids;
  for (uint32_t i = 1; i < 9; i++) ids.push_back(fake.engine->submit(ask(i)));
  for (uint32_t i = 1; i < 9; i++) {
    const engine::Report got = fake.reports.wait(ids[i - 1]);
    CHECK_THAT(got.cached_tokens >= 384, got.cached_tokens << " tokens reused");
    check_same(got, ask(i), 8192, {0, true});
  }
}

// What a step that ended early has written is the state behind no known token.
CHECK_CASE("engine/nobody goes on from the state of a step that failed") {
  int calls = 0;
  FakeEngine fake({4096, 64, 8, {0, true}, 6}, [&](FakeEngine& f) {
    f.model->on_logits = [&](int32_t, std::span<float>) {
      if (++calls == 5) throw Error(Code::device, "lost for a moment");
    };
  });
  Request r = fake_request(fake_prompt(70, 1), 20);
  r.generate().ignore_end = true;
  const engine::Report failed = fake.run(r);
  CHECK(failed.error && failed.tokens.size() == 4);
  for (const engine::TokenOut& t : failed.tokens) r.prompt.push_back(t.id);
  r.prompt.push_back(7);
  check_same(fake.run(r), r, 4096, {0, true});
}

CHECK_CASE("engine/requests of two salts share no beginning") {
  FakeEngine fake;
  Request r = fake_request(fake_prompt(300, 1), 2);
  fake.run(r);
  CHECK(fake.run(r).cached_tokens == 299);
  r.salt = 5;
  CHECK(fake.run(r).cached_tokens == 0 && fake.run(r).cached_tokens == 299);
}

}  // namespace
