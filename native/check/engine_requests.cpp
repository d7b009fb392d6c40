// Requests through the engine's thread, on the fakes: whatever runs beside one, it gives what the definition says.
#include <atomic>
#include <cmath>
#include <random>

#include "check/engine_fake.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

std::vector<Request> mixed(size_t n, int64_t longest_prompt, int64_t longest_completion) {
  std::mt19937 random(5);
  std::vector<Request> all;
  for (size_t i = 0; i < n; i++) {
    std::vector<int32_t> prompt =
        fake_prompt(1 + random() % static_cast<size_t>(longest_prompt), random() % 4 ? static_cast<uint32_t>(i) : 77);
    Request r = fake_request(std::move(prompt), static_cast<int64_t>(random() % static_cast<size_t>(longest_completion)), random());
    r.generate().ignore_end = random() % 2;
    if (random() % 3 == 0) r.generate().sampling.settings = {{"temperature", 0}};
    all.push_back(std::move(r));
  }
  return all;
}

void check_together(const std::vector<Request>& all, FakeSize size) {
  FakeEngine fake(size);
  std::vector<uint64_t> ids;
  for (const Request& r : all) ids.push_back(fake.engine->submit(r));
  for (size_t i = 0; i < all.size(); i++) check_same(fake.reports.wait(ids[i]), all[i], size.context);
  CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
}

CHECK_CASE("engine/two hundred requests at once give what each gives alone") {
  const auto all = mixed(200, 300, 60);
  for (const FakeSize size : {FakeSize{2048, 64, 8}, FakeSize{8192, 512, 32}, FakeSize{512, 16, 16}}) check_together(all, size);
}

CHECK_CASE("engine/steps of any size give the same tokens") {
  const auto all = mixed(12, 150, 20);
  for (const int64_t rows : {1, 2, 7, 63, 64, 65, 512}) check_together(all, {1024, rows, 8});
}

CHECK_CASE("engine/requests up to the end of the context push each other out and finish") {
  std::vector<Request> all;
  for (uint32_t i = 0; i < 12; i++) {
    all.push_back(fake_request(fake_prompt(1 + i * 23, i), -1, i));
    all.back().generate().ignore_end = true;
  }
  check_together(all, {320, 64, 8});
}

CHECK_CASE("engine/a context that is not whole pages ends where it says") {
  for (const int64_t context : {100, 128, 129}) {
    FakeEngine fake({context, 64, 4});
    Request r = fake_request(fake_prompt(70, 1), -1);
    r.generate().ignore_end = true;
    const Report got = fake.run(r);
    check_same(got, r, context);
    CHECK(got.finish == Finish::context && got.completion_tokens == context - 70);
    r.generate().max_tokens = context - 70;  // both at once: it got what it asked for
    CHECK(fake.run(r).finish == Finish::length);
    r.generate().max_tokens++;
    CHECK(fake.run(r).finish == Finish::context);
  }
}

CHECK_CASE("engine/equal beginnings are computed once") {
  std::atomic<int64_t> rows{0};
  FakeEngine fake({4096, 64, 8}, [&](FakeEngine& f) { f.model->on_embed = [&](const Rows& r) { rows += r.ids.rows; }; });
  const Request r = fake_request(fake_prompt(200, 9), 1);
  CHECK(fake.run(r).cached_tokens == 0);
  CHECK(rows == 200);
  const Report again = fake.run(r);
  CHECK(again.cached_tokens == 199 && again.prompt_tokens == 200);  // the last token is always computed
  CHECK(rows == 201);
  check_same(again, r, 4096);
  Request longer = fake_request(fake_prompt(200, 9), 3);
  longer.prompt[100] = 3;
  CHECK(fake.run(longer).cached_tokens == 100);
  check_same(fake.run(longer), longer, 4096);
  CHECK(fake.run(fake_request(fake_prompt(128, 9), 1)).cached_tokens == 127);
}

CHECK_CASE("engine/of a page that was never full, or goes on otherwise, what is equal is copied") {
  for (const size_t first : {5u, 63u, 64u, 65u, 100u, 127u, 130u})
    for (const size_t second : {2u, 9u, 64u, 66u, 100u, 128u, 140u})
      for (const size_t differs : {1u, 8u, 40u, 64u, 71u, 72u, 110u, 999u}) {  // the first token that is another
        FakeEngine fake;
        check_same(fake.run(fake_request(fake_prompt(first, 9), 3)), fake_request(fake_prompt(first, 9), 3), 4096);
        Request r = fake_request(fake_prompt(second, 9), 3);
        for (size_t i = differs; i < second; i++) r.prompt[i] = 2 + (r.prompt[i] - 1) % (fake_vocabulary - 2);
        const Report got = fake.run(r);
        check_same(got, r, 4096);
        std::vector<int32_t> known = fake_prompt(first, 9);
        const std::vector<int32_t> completion = fake_completion(fake_request(known, 3), 4096);
        known.insert(known.end(), completion.begin(), completion.begin() + std::max<int64_t>(0, std::ssize(completion) - 1));
        const auto equal = std::mismatch(known.begin(), known.end(), r.prompt.begin(), r.prompt.end()).first - known.begin();
        const int64_t most = std::min<int64_t>(equal, static_cast<int64_t>(second) - 1), part = most % Kv::page_size;
        const bool worth = part >= 8 || most == static_cast<int64_t>(second) - 1;
        CHECK_THAT(got.cached_tokens == (worth ? most : most - part),
                   first << " " << second << " " << differs << ": " << got.cached_tokens);
      }
}

CHECK_CASE("engine/pages copied in crowded steps, and where the cache is full, give what each gives alone") {
  std::mt19937 random(8);
  std::vector<Request> all;
  for (size_t i = 0; i < 150; i++) {
    std::vector<int32_t> prompt = fake_prompt(20 + random() % 130, static_cast<uint32_t>(random() % 3));
    prompt.push_back(static_cast<int32_t>(2 + random() % 60));
    all.push_back(fake_request(std::move(prompt), static_cast<int64_t>(1 + random() % 40), random()));
  }
  for (const FakeSize size : {FakeSize{256, 16, 4}, FakeSize{448, 64, 8}, FakeSize{4096, 512, 16}}) check_together(all, size);
}

CHECK_CASE("engine/equal prompts at the same time are computed once") {
  std::atomic<int64_t> rows{0};
  FakeEngine fake({8192, 64, 8}, [&](FakeEngine& f) { f.model->on_embed = [&](const Rows& r) { rows += r.ids.rows; }; });
  std::vector<uint64_t> ids;
  const auto request = [](uint64_t i) { return fake_request(fake_prompt(640, 9), 4, i); };
  for (uint64_t i = 0; i < 8; i++) ids.push_back(fake.engine->submit(request(i)));
  for (uint64_t i = 0; i < 8; i++) check_same(fake.reports.wait(ids[i]), request(i), 8192);
  CHECK_THAT(rows < 640 + 8 * (64 + 8), rows << " rows");
}

CHECK_CASE("engine/a chat's next turn finds the last one computed") {
  FakeEngine fake;
  Request r = fake_request(fake_prompt(100, 4), 100);
  r.generate().ignore_end = true;
  const Report first = fake.run(r);
  for (const int32_t id : ids_of(first)) r.prompt.push_back(id);
  r.prompt.push_back(5);
  const Report second = fake.run(r);
  CHECK(second.cached_tokens == 192);
  check_same(second, r, 4096);
}

CHECK_CASE("engine/what is cached goes when its pages are needed") {
  FakeEngine fake({512, 64, 4});
  const Request first = fake_request(fake_prompt(300, 1), 2);
  fake.run(first);
  for (uint32_t i = 2; i < 6; i++) check_same(fake.run(fake_request(fake_prompt(400, i), 2)), fake_request(fake_prompt(400, i), 2), 512);
  const Report again = fake.run(first);
  CHECK(again.cached_tokens == 0);
  check_same(again, first, 512);
}

CHECK_CASE("engine/a prompt being read does not stop others from generating") {
  std::vector<std::pair<int64_t, bool>> steps;  // rows, of several sequences
  std::atomic<bool> both = false;               // before that the first request stops after a few steps, so that it cannot finish alone
  FakeEngine fake({8192, 64, 8}, [&](FakeEngine& f) {
    f.model->on_embed = [&](const Rows& r) {
      steps.push_back({r.ids.rows, r.spans.size() > 1});
      while (steps.size() > 10 && !both) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
  });
  Request quick = fake_request(fake_prompt(3, 1), 400);
  quick.generate().ignore_end = true;
  const uint64_t a = fake.engine->submit(quick);
  fake.reports.wait_for_tokens(a, 5);
  const uint64_t b = fake.engine->submit(fake_request(fake_prompt(2000, 2), 1));
  both = true;
  fake.reports.wait(b);
  CHECK_THAT(fake.reports.so_far(a).tokens.size() > 30, fake.reports.so_far(a).tokens.size() << " tokens");
  fake.reports.wait(a);
  fake.engine.reset();
  int64_t shared = 0;
  for (const auto& [rows, several] : steps) shared += several;
  CHECK_THAT(shared >= 2000 / 64, shared << " steps of both");
}

CHECK_CASE("engine/first tokens come before a text goes on that began beside their prompts") {
  constexpr int32_t length = 20;
  std::atomic<bool> all_there = false;
  int64_t read = 0, early = 0;  // rows of prompts; of texts that went on before all of those
  FakeEngine fake({4096, 16, 4}, [&](FakeEngine& f) {
    f.model->on_embed = [&](const Rows& r) {
      while (!all_there) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      int64_t behind = 0;
      for (int64_t i = 0; i < r.ids.rows; i++) (*r.places.row<int32_t>(i) < length ? read : behind)++;
      if (read < 4 * length) early += behind;
    };
  });
  std::vector<uint64_t> ids;
  for (uint32_t i = 1; i <= 4; i++) {
    Request r = fake_request(fake_prompt(length, i), 10);
    r.generate().ignore_end = true;
    ids.push_back(fake.engine->submit(r));
  }
  all_there = true;
  for (const uint64_t id : ids) CHECK(fake.reports.wait(id).tokens.size() == 10);
  fake.engine.reset();
  CHECK_THAT(read == 4 * length && early == 0, read << " rows of prompts, " << early << " rows of texts before the last of them");
}

CHECK_CASE("engine/a short prompt does not wait for a long one") {
  FakeEngine fake({8192, 64, 8}, [](FakeEngine& f) {
    f.model->on_embed = [](const Rows&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  });
  const uint64_t long_one = fake.engine->submit(fake_request(fake_prompt(4000, 2), 1));
  const uint64_t short_one = fake.engine->submit(fake_request(fake_prompt(60, 1), 1));
  fake.reports.wait(short_one);
  CHECK(fake.reports.so_far(long_one).finish == Finish::none);
  fake.reports.wait(long_one);
}

CHECK_CASE("engine/stop strings, UTF-8 and the end of generation") {
  const auto euro = [](FakeEngine& f) {  // every token is a byte of a character or a letter
    for (size_t i = 2; i < f.tokenizer->pieces.size(); i++)
      f.tokenizer->pieces[i] = i % 4 == 0 ? "\xe2" : i % 4 == 1 ? "\x82" : i % 4 == 2 ? "\xac" : "ab";
  };
  FakeEngine fake({}, euro);
  for (uint32_t i = 0; i < 60; i++) {
    Request r = fake_request(fake_prompt(5, i), 40, i);
    if (i % 3) r.generate().stop = {"aba", "\xe2\x82\xac"};
    const Report got = fake.run(r);
    const std::vector<int32_t> expected = fake_completion(r, 4096), ids = ids_of(got);
    CHECK(std::equal(ids.begin(), ids.end(), expected.begin()));
    tokenize::Utf8Stream stream;
    std::string text;
    for (const int32_t id : ids) text += stream.push(fake.tokenizer->piece(id, false));
    if (got.finish == Finish::stop) text += stream.finish();  // what ends it otherwise cuts it
    if (got.finish == Finish::stop_string) {
      CHECK(got.stop_string == "aba" || got.stop_string == "\xe2\x82\xac");
      CHECK(text.find(got.text + got.stop_string) == 0);
    } else {
      CHECK(got.text == text && got.stop_string.empty() && got.cut_character == (got.finish == Finish::length && stream.pending()));
      CHECK(got.finish == (ids.size() < 40 ? Finish::stop : Finish::length));
      for (const std::string& s : r.generate().stop) CHECK(text.find(s) == std::string::npos);
    }
  }
}

CHECK_CASE("engine/the space at the start is kept after a prompt that says something") {
  const auto spaces = [](FakeEngine& f) {
    f.tokenizer->strips = true;
    for (std::string& p : f.tokenizer->pieces) p = p.empty() ? p : " " + p;
  };
  FakeEngine fake({}, spaces);
  CHECK(fake.run(fake_request({0, 5}, 3)).text.front() == ' ');
  const std::string first = fake.run(fake_request({0}, 3)).text;
  CHECK(first.front() != ' ' && first.find(' ') != std::string::npos);
}

CHECK_CASE("engine/log-probabilities come with their tokens") {
  FakeEngine fake;
  Request r = fake_request(fake_prompt(10, 3), 5, 4);
  r.generate().top_logprobs = 3;
  const Report got = fake.run(r);
  std::vector<int32_t> tokens = r.prompt;
  sample::Chain chain(r.generate().sampling);
  for (const engine::TokenOut& t : got.tokens) {
    const sample::Choice c = chain.choose(fake_logits(fake_hash(tokens)), tokens, 3);
    CHECK(t.id == c.id && t.logprob == c.logprob && t.top.size() == 3 && t.top[2].id == c.top[2].id);
    tokens.push_back(t.id);
  }
}

CHECK_CASE("engine/logits of a prompt, row by row") {
  FakeEngine fake({4096, 64, 8});
  fake.run(fake_request(fake_prompt(150, 3), 1));  // a known beginning must not be skipped
  Request r = fake_request(fake_prompt(150, 3), 7);
  r.kind = engine::Score{};
  const Report got = fake.run(r);
  CHECK(got.finish == Finish::length && got.tokens.empty() && got.rows.size() == 150 * fake_vocabulary);
  for (size_t i = 0; i < 150; i++) {
    const auto expected = fake_logits(fake_hash(std::span(r.prompt).first(i + 1)));
    CHECK(std::equal(expected.begin(), expected.end(), got.rows.begin() + static_cast<int64_t>(i) * fake_vocabulary));
  }
}

CHECK_CASE("engine/no tokens asked, none given") {
  FakeEngine fake;
  const Report got = fake.run(fake_request(fake_prompt(100, 3), 0));
  CHECK(got.finish == Finish::length && got.tokens.empty() && got.text.empty());
  CHECK(fake.run(fake_request(fake_prompt(100, 3), 1)).cached_tokens == 99);
}

std::string refusal(FakeEngine& fake, Request r, Code code) {
  try {
    fake.engine->submit(std::move(r));
  } catch (const Error& e) {
    CHECK_THAT(e.code() == code, code_name(e.code()) << ": " << e.what());
    return e.what();
  }
  return "";
}

bool has(const std::string& text, std::initializer_list<const char*> parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const char* p) { return text.find(p) != std::string::npos; });
}

CHECK_CASE("engine/what cannot be is refused at once") {
  FakeEngine fake({100, 64, 4});
  CHECK(has(refusal(fake, fake_request({}, 5), Code::argument), {"prompt", "at least one"}));
  CHECK(has(refusal(fake, fake_request({3, 64}, 5), Code::argument), {"prompt", "0 to 63", "64"}));
  CHECK(has(refusal(fake, fake_request({-1}, 5), Code::argument), {"-1"}));
  CHECK(has(refusal(fake, fake_request({3}, -2), Code::argument), {"maxTokens", "-2"}));
  CHECK(has(refusal(fake, fake_request(fake_prompt(100, 1), 5), Code::context), {"100 tokens", "holds 100", "contextTokens"}));
  CHECK(fake.run(fake_request(fake_prompt(99, 1), 5)).completion_tokens == 1);
  CHECK(fake.run(fake_request(fake_prompt(100, 1), 0)).finish == Finish::length);
  Request r = fake_request({3}, 5);
  r.generate().stop = {"a", ""};
  CHECK(has(refusal(fake, r, Code::argument), {"stop", "empty"}));
  r.generate().stop = {};
  r.generate().top_logprobs = 65;
  CHECK(has(refusal(fake, r, Code::argument), {"topLogprobs", "65"}));
  r.generate().top_logprobs = -1;
  r.generate().sampling.bias = {{64, 1}};
  CHECK(has(refusal(fake, r, Code::argument), {"logitBias", "64"}));
  r.generate().sampling.bias = {};
  r.generate().sampling.settings = {{"topK", -1}};
  CHECK(has(refusal(fake, r, Code::argument), {"topK"}));
}

CHECK_CASE("engine/requests and aborts from several threads") {
  FakeEngine fake({1024, 32, 8});
  const auto client = [&](uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<uint64_t, Request>> mine;
    for (int i = 0; i < 30; i++) {
      Request r = fake_request(fake_prompt(1 + random() % 200, random() % 5), 1 + random() % 30, random());
      mine.emplace_back(fake.engine->submit(r), r);
      if (random() % 3 == 0) fake.engine->abort(mine[random() % mine.size()].first);
    }
    for (const auto& [id, r] : mine) {
      const Report got = fake.reports.wait(id);
      if (got.finish == Finish::aborted) continue;
      check_same(got, r, 1024);
    }
  };
  std::vector<std::string> failures(4);
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; t++)
    threads.emplace_back([&, t] {
      try {
        client(t);
      } catch (const std::exception& e) {
        failures[t] = e.what();
      }
    });
  for (std::thread& t : threads) t.join();
  for (const std::string& f : failures) CHECK_THAT(f.empty(), f);
  CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
}

CHECK_CASE("engine/times are told at the end") {
  FakeEngine fake(
      {}, [](FakeEngine& f) { f.model->on_embed = [](const Rows&) { std::this_thread::sleep_for(std::chrono::milliseconds(3)); }; });
  Request r = fake_request(fake_prompt(5, 1), 6);
  r.generate().ignore_end = true;
  const Report got = fake.run(r);
  CHECK(got.prefill_ms >= 3 && got.prefill_ms < 1000 && got.decode_ms >= 15 && got.queued_ms < 1000);
  CHECK(got.completion_tokens == 6 && got.prompt_tokens == 5);
}

}  // namespace
