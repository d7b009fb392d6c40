// Banned strings and requests that choose by themselves, on the fakes, against loops that do one thing after the other.
#include <set>

#include "check/engine_fake.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

int32_t best_of(const std::vector<float>& logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// Tokens of one to three bytes, so that a string begins and ends within them.
void several_bytes(FakeEngine& f) {
  for (int i = 2; i < fake_vocabulary; i++) f.tokenizer->pieces[static_cast<size_t>(i)] = std::string("abcab").substr(i % 3, 1 + i % 3);
}

// The tokens that a greedy request gives: of each place, the best that was not taken back there.
std::vector<int32_t> greedy_without(const Request& r, const tokenize::Tokenizer& t, FakeMemory memory) {
  std::vector<int32_t> tokens = r.prompt;
  const size_t prompt = tokens.size();
  std::map<size_t, std::set<int32_t>> bans;
  while (std::ssize(tokens) < static_cast<int64_t>(prompt) + r.generate().max_tokens) {
    std::vector<float> logits = fake_logits(fake_hash(tokens, memory));
    for (const int32_t id : bans[tokens.size()]) logits[static_cast<size_t>(id)] = -1e30f;
    const int32_t id = best_of(logits);
    if (id == fake_end) break;
    tokens.push_back(id);
    const std::string text = t.decode(std::span(tokens).subspan(prompt), false);
    size_t begin = std::string::npos;  // of the banned string that is complete first, and of those the longest
    size_t end = std::string::npos;
    for (const std::string& banned : r.generate().banned)
      if (const size_t at = text.find(banned); at != std::string::npos && std::pair(at + banned.size(), at) < std::pair(end, begin))
        begin = at, end = at + banned.size();
    if (begin == std::string::npos) continue;
    size_t place = prompt;
    for (size_t bytes = 0; (bytes += t.piece(tokens[place], false).size()) <= begin;) place++;
    bans[place].insert(tokens[place]);
    bans.erase(bans.upper_bound(place), bans.end());
    tokens.resize(place);
  }
  return {tokens.begin() + static_cast<int64_t>(prompt), tokens.end()};
}

CHECK_CASE("engine/a banned string is taken back, and the text goes on as if its first token were none") {
  int changed = 0;
  for (const FakeSize size : {FakeSize{4096, 64, 8}, FakeSize{320, 16, 4}, FakeSize{4096, 64, 8, {.reach = 70, .state = true}}}) {
    FakeEngine fake(size, several_bytes);
    std::vector<Request> all;
    for (uint32_t i = 0; i < 24; i++) {
      Request r = fake_request(fake_prompt(1 + i * 7, i), 60);
      r.generate().sampling.settings = {{"temperature", 0}};
      if (i % 3 == 0) r.generate().banned = {"aab", "cc", "bcbc"};
      if (i % 3 == 1) r.generate().banned = {"abca", "bca"};
      if (i % 3 == 2) r.generate().banned = {"ccc", "ababab", "bb"};
      all.push_back(r);
    }
    std::vector<uint64_t> ids;
    for (const Request& r : all) ids.push_back(fake.engine->submit(r));
    for (size_t i = 0; i < all.size(); i++) {
      const Report got = fake.reports.wait(ids[i]);
      CHECK_THAT(!got.error, got.error->what());
      const std::vector<int32_t> expected = greedy_without(all[i], *fake.tokenizer, size.memory);
      CHECK_THAT(ids_of(got) == expected, "request " << i << ": " << got.text);
      CHECK(got.text == fake.tokenizer->decode(expected, false));
      CHECK(got.completion_tokens == std::ssize(expected) + (got.finish == Finish::stop));
      Request plain = all[i];
      plain.generate().banned.clear();
      changed += expected != fake_completion(plain, size.context, size.memory);
    }
    CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
  }
  CHECK(changed > 30);
}

CHECK_CASE("engine/of a banned string nothing is told before it is sure") {
  FakeEngine fake({}, several_bytes);
  std::string shown;
  fake.reports.before = [&](const std::vector<Report>& reports) {
    for (const Report& r : reports) shown += r.text;
  };
  Request r = fake_request(fake_prompt(30, 3), 200);
  r.generate().banned = {"aab", "cc", "bcbc"};
  const Report got = fake.run(r);
  CHECK(shown == got.text && got.tokens.size() > 20);
  for (const std::string& banned : r.generate().banned) CHECK(shown.find(banned) == std::string::npos);
}

CHECK_CASE("engine/a stop string beside banned ones ends the text before it") {
  FakeEngine fake({}, several_bytes);
  Request r = fake_request(fake_prompt(30, 3), 200);
  r.generate().sampling.settings = {{"temperature", 0}};
  r.generate().banned = {"aab", "cc", "bcbc", "zzzz"};
  const std::string whole = fake.run(r).text;
  r.generate().stop = {whole.substr(20, 3)};
  const Report got = fake.run(r);
  CHECK(got.finish == Finish::stop_string && got.text == whole.substr(0, whole.find(r.generate().stop[0])));
  CHECK(got.completion_tokens == std::ssize(got.tokens));
}

CHECK_CASE("engine/where every token is banned, the request is refused") {
  FakeEngine fake({}, [](FakeEngine& f) {
    for (int i = 2; i < fake_vocabulary; i++) f.tokenizer->pieces[static_cast<size_t>(i)] = "x";
  });
  Request r = fake_request(fake_prompt(5, 3), 20);
  r.generate().ignore_end = true;
  r.generate().banned = {"x"};
  r.generate().sampling.bias = {{0, -std::numeric_limits<float>::infinity()}};  // it has no text
  const Report got = fake.run(r);
  CHECK(got.error && got.error->code() == Code::argument && got.tokens.empty());
}

// Who asks is answered by another thread, which takes the best token.
class Answering {
 public:
  explicit Answering(FakeSize size) : fake_(size, nullptr, [this](std::vector<Report>&& reports) { take(std::move(reports)); }) {}
  engine::Engine& engine() { return *fake_.engine; }

  // Serves until so many requests ended.
  void serve(size_t ends) {
    std::unique_lock lock(mutex_);
    while (true) {
      CHECK(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return !asked_.empty() || ended_.size() >= ends; }));
      if (ended_.size() >= ends) return;
      const auto [request, id] = asked_.back();
      asked_.pop_back();
      lock.unlock();
      engine().answer(request, id);
      lock.lock();
    }
  }
  uint64_t wait_for_question() {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return !asked_.empty(); }));
    return asked_.back().first;
  }
  Report end_of(uint64_t request) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return ended_.contains(request); }));
    return ended_[request];
  }
  std::vector<int32_t> ids(uint64_t request) { return ids_[request]; }

 private:
  void take(std::vector<Report>&& reports) {
    const std::lock_guard lock(mutex_);
    for (Report& r : reports) {
      for (const engine::TokenOut& t : r.tokens) ids_[r.request].push_back(t.id);
      if (!r.logits.empty()) asked_.emplace_back(r.request, best_of(r.logits));
      if (r.finish != Finish::none) ended_[r.request] = r;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<uint64_t, int32_t>> asked_;
  std::map<uint64_t, Report> ended_;
  std::map<uint64_t, std::vector<int32_t>> ids_;
  FakeEngine fake_;
};

Request asking(uint32_t i, int64_t tokens) {
  Request r = fake_request(fake_prompt(1 + i * 11, i), tokens);
  r.generate().asks = true;
  return r;
}

CHECK_CASE("engine/who chooses by himself gets what the sampler would give that chooses alike") {
  for (const FakeSize size : {FakeSize{4096, 64, 8}, FakeSize{320, 16, 4}}) {  // also where they push each other out
    Answering all(size);
    std::vector<Request> requests;
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < 12; i++) {
      Request r = asking(i, 40);
      if (i % 3 == 2) r.generate().asks = false;  // beside them
      r.generate().sampling.bias = {{5, 3}, {7, -std::numeric_limits<float>::infinity()}};
      if (!r.generate().asks) r.generate().sampling.settings = {{"temperature", 0}};
      requests.push_back(r);
      ids.push_back(all.engine().submit(r));
    }
    all.serve(requests.size());
    for (size_t i = 0; i < requests.size(); i++) {
      Request plain = requests[i];
      plain.generate().asks = false;
      plain.generate().sampling.settings = {{"temperature", 0}};
      CHECK_THAT(!all.end_of(ids[i]).error, all.end_of(ids[i]).error->what());
      CHECK(all.ids(ids[i]) == fake_completion(plain, size.context));
    }
  }
}

CHECK_CASE("engine/a question nobody answers holds up nobody, and ends with its request or the engine") {
  {
    Answering all({4096, 64, 8});
    const uint64_t asked = all.engine().submit(asking(3, 10));
    CHECK(all.wait_for_question() == asked);
    const uint64_t other = all.engine().submit(fake_request(fake_prompt(40, 9), 12));
    CHECK(all.end_of(other).finish == Finish::length);
    all.engine().abort(asked);
    CHECK(all.end_of(asked).finish == Finish::aborted);
    all.engine().answer(asked, 5);  // too late
    all.engine().submit(asking(5, 10));
    all.wait_for_question();
  }  // the engine goes while it waits
}

CHECK_CASE("engine/a token that must not be chosen fails the request that chose it") {
  for (const int32_t id : {-1, 64, 7}) {
    Answering all({4096, 64, 8});
    Request r = asking(3, 10);
    r.generate().sampling.bias = {{7, -std::numeric_limits<float>::infinity()}};
    const uint64_t asked = all.engine().submit(r);
    all.wait_for_question();
    all.engine().answer(asked, id);
    const Report end = all.end_of(asked);
    CHECK(end.error && end.error->code() == Code::argument);
  }
}

CHECK_CASE("engine/who chooses by himself is not told log-probabilities") {
  FakeEngine fake;
  Request r = asking(1, 5);
  r.generate().top_logprobs = 0;
  CHECK_THROWS(fake.engine->submit(r), Code::argument);
}

}  // namespace
