// Requests whose next token cannot be chosen, or may not be: they end with an error or do without, and nobody else notices.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "check/engine_fake.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr int32_t mark = 7;  // behind it the logits are damaged

std::vector<int32_t> unmarked(size_t length, uint32_t seed) {
  std::vector<int32_t> prompt = fake_prompt(length, seed);
  std::replace(prompt.begin(), prompt.end(), mark, mark + 1);
  return prompt;
}

Request never_marking(size_t length, uint32_t seed, int64_t tokens) {
  Request r = fake_request(unmarked(length, seed), tokens, seed);
  r.generate().sampling.bias = {{mark, -infinity}};
  return r;
}

CHECK_CASE("engine/logits that are not numbers reject their request alone, and its pages are not shared") {
  for (const int kind : {0, 1, 2}) {
    std::atomic<bool> damaged{true};
    FakeEngine fake({8192, 64, 8}, [&](FakeEngine& f) {
      f.model->on_logits = [&damaged, kind](int32_t token, std::span<float> logits) {
        if (!damaged || token != mark) return;
        if (kind == 0) logits[40] = std::nanf("");
        if (kind == 1) logits[0] = infinity;
        if (kind == 2) std::fill(logits.begin(), logits.end(), -infinity);
      };
    });
    Request bad = never_marking(200, 33, 8);  // begins as none of the others
    bad.prompt.back() = mark;
    std::vector<Request> good;
    for (uint32_t i = 0; i < 6; i++) good.push_back(never_marking(30 + 50 * i, i, 20));
    std::vector<uint64_t> ids;
    for (size_t i = 0; i < 3; i++) ids.push_back(fake.engine->submit(good[i]));
    const uint64_t failing = fake.engine->submit(bad);
    for (size_t i = 3; i < 6; i++) ids.push_back(fake.engine->submit(good[i]));
    const Report failed = fake.reports.wait(failing);
    CHECK(failed.finish == Finish::failed && failed.tokens.empty() && failed.text.empty());
    CHECK_THAT(failed.error && failed.error->code() == Code::format, "kind " << kind);
    CHECK(std::string(failed.error->what()).find("token 200 ") != std::string::npos);
    for (size_t i = 0; i < 6; i++) check_same(fake.reports.wait(ids[i]), good[i], 8192);
    damaged = false;
    const Report again = fake.run(bad);
    CHECK_THAT(again.cached_tokens == 0, again.cached_tokens << " tokens of the damaged one");
    check_same(again, bad, 8192);
    CHECK(fake.run(bad).cached_tokens == 199);
  }
}

CHECK_CASE("engine/logits that become damaged reject what is generated") {
  FakeEngine fake({}, [](FakeEngine& f) {
    f.model->on_logits = [](int32_t token, std::span<float> logits) {
      if (token == mark) logits[3] = std::nanf("");
    };
  });
  Request r = fake_request(unmarked(5, 1), 4000, 2);
  r.generate().ignore_end = true;
  const std::vector<int32_t> expected = fake_completion(r, 4096);
  const auto first = std::find(expected.begin(), expected.end(), mark) - expected.begin();
  CHECK(first < std::ssize(expected));
  const Report got = fake.run(r);
  CHECK(got.finish == Finish::failed && got.error->code() == Code::format && got.completion_tokens == first + 1);
  CHECK(std::ssize(got.tokens) <= first + 1);
}

CHECK_CASE("engine/one impossible token is not damage") {
  FakeEngine fake({}, [](FakeEngine& f) { f.model->on_logits = [](int32_t, std::span<float> logits) { logits[9] = -infinity; }; });
  Request r = fake_request(fake_prompt(5, 1), 200, 2), expected = r;
  expected.generate().sampling.bias = {{9, -infinity}};
  check_same(fake.run(r), expected, 4096);
}

CHECK_CASE("engine/where no token is left the request says so") {
  FakeEngine fake;
  for (const bool greedy : {false, true}) {
    Request all = fake_request(fake_prompt(20, 1), 5);
    if (greedy) all.generate().sampling.settings = {{"temperature", 0}};
    for (int32_t id = 0; id < fake_vocabulary; id++) all.generate().sampling.bias.push_back({id, -infinity});
    Request ends_left = all;
    std::erase_if(ends_left.generate().sampling.bias, [](const sample::LogitBias& b) { return b.id == fake_end; });
    const Report ended = fake.run(ends_left);
    CHECK(ended.finish == Finish::stop && ended.tokens.empty());
    ends_left.generate().ignore_end = true;
    for (const Request& r : {all, ends_left}) {
      const Report got = fake.run(r);
      CHECK(got.finish == Finish::failed && got.error->code() == Code::argument && got.tokens.empty());
      CHECK(std::string(got.error->what()).find("no token is left") != std::string::npos);
    }
    check_same(fake.run(fake_request(fake_prompt(20, 1), 5)), fake_request(fake_prompt(20, 1), 5), 4096);
  }
}

CHECK_CASE("engine/ignoring the end bans it, in every way of choosing") {
  FakeEngine fake({}, [](FakeEngine& f) { f.model->on_logits = [](int32_t, std::span<float> logits) { logits[fake_end] = 20; }; });
  for (const double temperature : {0.0, 0.8, 100.0})
    for (const std::vector<std::string>& order : {std::vector<std::string>{}, {"topK", "temperature"}, {"temperature"}}) {
      Request r = fake_request(fake_prompt(6, 3), 60, 1);
      r.generate().sampling.settings = {{"temperature", temperature}};
      r.generate().sampling.order = order;
      r.generate().top_logprobs = 1;
      CHECK(fake.run(r).finish == Finish::stop || temperature > 1);
      r.generate().ignore_end = true;
      const Report got = fake.run(r);
      check_same(got, r, 4096);
      CHECK(got.finish == Finish::length && got.tokens.size() == 60);
      for (const engine::TokenOut& t : got.tokens) CHECK(t.id != fake_end && t.top[0].id == fake_end && t.top[0].logprob > -0.01f);
    }
}

CHECK_CASE("engine/padding rows of the token table are computed, named by nobody and never chosen") {
  FakeEngine fake({}, [](FakeEngine& f) {
    f.tokenizer->names = 60;
    f.model->on_logits = [](int32_t, std::span<float> logits) { logits[62] = 30; };
  });
  Request r = fake_request({3, 61, 5}, 100, 4);  // a padding row in the prompt is a row like others
  r.generate().top_logprobs = 2;
  const Report got = fake.run(r);
  CHECK_THAT(!got.error && !got.tokens.empty(), "failed");
  for (const engine::TokenOut& t : got.tokens) CHECK(t.id < 60 && t.top[0].id == 62);
  for (const int32_t id : {60, 62, 63, 64}) {
    r.generate().sampling.bias = {{id, 1}};
    CHECK_THROWS(fake.engine->submit(r), Code::argument);
  }
  r.generate().sampling.bias = {{59, 1}};
  CHECK(!fake.run(r).error);
}

}  // namespace
