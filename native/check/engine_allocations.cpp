// Memory that is refused at the n-th allocation, for n = 1, 2, 3, ... until what is done succeeds: every request ends once, with what
// it should give or an error of memory, and the engine goes on.
#include <algorithm>
#include <fstream>

#include "check/allocations.h"
#include "check/engine_loaded.h"
#include "engine/current_error.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

constexpr int64_t context = 1024;

std::vector<Request> several() {
  std::vector<Request> all{fake_request(fake_prompt(70, 1), 4, 1), fake_request(fake_prompt(70, 1), 3, 2),
                           fake_request(fake_prompt(5, 2), 70, 3), fake_request(fake_prompt(130, 3), 0)};
  all[0].generate().top_logprobs = 3;
  all[1].generate().stop = {"zz", "0123456789 which is longer than what a string keeps in itself"};
  all[2].generate().ignore_end = true;
  all[2].generate().sampling.settings = {{"repeatPenalty", 1.1}};
  return all;
}

bool is_memory(const Report& r) { return r.finish == Finish::failed && r.error && r.error->code() == Code::memory; }

// Whatever was refused: once each, whole or failed for want of memory.
void check_ended(FakeEngine& fake, const std::vector<uint64_t>& ids, const std::vector<Request>& asked) {
  for (size_t i = 0; i < ids.size(); i++) {
    const Report got = fake.reports.wait(ids[i]);
    if (!is_memory(got)) check_same(got, asked[i], context);
  }
}

void check_goes_on(FakeEngine& fake) {
  for (const Request& r : several()) check_same(fake.run(r), r, context);
  CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
}

CHECK_CASE("engine/memory refused on the engine's thread ends requests with an error, none is lost, all that follows is right") {
  const std::vector<Request> asked = several();
  for (const int64_t in_a_row : {int64_t{1}, int64_t{40}}) {
    int64_t failures = 0;
    for (int64_t n = 1;; n = next_refusal(n, in_a_row == 1 ? 300 : 30)) {
      FakeEngine fake({context, 64, 3});
      bool refused = false;
      {
        const RefusedAllocation refusal(n, On::other_threads, in_a_row);
        std::vector<uint64_t> ids;
        for (const Request& r : asked) ids.push_back(fake.engine->submit(r));
        check_ended(fake, ids, asked);
        for (const uint64_t id : ids) failures += fake.reports.so_far(id).finish == Finish::failed;
        refused = refusal.refused();
      }
      check_goes_on(fake);
      if (!refused) break;
    }
    CHECK(failures > 10);
  }
}

CHECK_CASE("engine/memory refused in submit leaves the engine as it was") {
  int64_t thrown = 0;
  for (int64_t n = 1;; n++) {
    FakeEngine fake({context, 64, 3});
    const std::vector<Request> asked = several();
    std::vector<std::pair<uint64_t, Request>> taken;
    bool refused = false;
    for (Request r : asked) {
      const Request same = r;
      const RefusedAllocation refusal(n, On::own_thread);
      try {
        const uint64_t id = fake.engine->submit(std::move(r));
        const SparedAllocations spared;
        taken.emplace_back(id, same);
      } catch (...) {
        CHECK(engine::current_error().code() == Code::memory);
        thrown++;
      }
      refused = refused || refusal.refused();
    }
    for (const auto& [id, r] : taken) check_same(fake.reports.wait(id), r, context);
    check_goes_on(fake);
    if (!refused) break;
  }
  CHECK(thrown > 20);
}

CHECK_CASE("engine/memory refused while requests are aborted and the engine is disposed") {
  for (int64_t n = 1, refused = 1; refused; n = next_refusal(n, 100)) {
    std::vector<uint64_t> ids;
    FakeEngine fake({context, 64, 2});
    {
      const RefusedAllocation refusal(n, On::all_threads);
      for (uint32_t i = 0; i < 5; i++) {
        const SparedAllocations spared;
        Request r = fake_request(fake_prompt(40, i), -1, i);
        r.generate().ignore_end = true;
        ids.push_back(fake.engine->submit(r));
      }
      fake.reports.wait_for_tokens(ids[0], 1);
      fake.engine->abort(ids[4]);
      fake.engine->abort(ids[0]);
      const Report first = fake.reports.wait(ids[0]);
      CHECK(first.finish == Finish::aborted || is_memory(first));
      fake.engine.reset();
      refused = refusal.refused();
    }
    for (const uint64_t id : ids) {
      const Report r = fake.reports.so_far(id);
      const bool by_itself = r.finish == Finish::context;  // where this thread was not run for long
      CHECK_THAT(by_itself || r.finish == Finish::aborted || (r.finish == Finish::failed && r.error), "request " << id << " at " << n);
      CHECK(!r.error || r.error->code() == Code::disposed || r.error->code() == Code::memory);
    }
    CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
  }
}

std::string small_model() { return shared("models/story-Q8_0.gguf"); }

CHECK_CASE("engine/real: memory refused while a model is loaded is an error, and the next load works") {
  const std::string path = small_model();
  std::string expected;
  int64_t thrown = 0;
  for (int64_t n = 1;; n = next_refusal(n, 40)) {
    bool refused = false;
    std::unique_ptr<Loaded> model;
    {
      const RefusedAllocation refusal(n, On::all_threads);
      try {
        model = std::make_unique<Loaded>(options(128), path);
      } catch (...) {
        CHECK(engine::current_error().code() == Code::memory);
        thrown++;
      }
      refused = refusal.refused();
    }
    CHECK_THAT(model || refused, "at " << n);
    if (!model) continue;
    const std::string text = model->run(model->ask("Once", 5)).text;
    if (expected.empty()) expected = text;
    CHECK(text == expected);
    if (!refused) break;
  }
  CHECK(thrown > 40);
}

CHECK_CASE("engine/real: memory refused while a model generates") {
  Loaded model(options(256, 64, 4), small_model());
  const Request r = model.ask("Once upon a time", 6);
  const Report expected = model.run(r);
  for (int64_t n = 1, refused = 1; refused; n = next_refusal(n, 100)) {
    const RefusedAllocation refusal(n, On::other_threads);
    const uint64_t a = model.engine->submit(r), b = model.engine->submit(r);
    for (const uint64_t id : {a, b}) {
      const Report got = model.reports.wait(id);
      CHECK_THAT(is_memory(got) || got.text == expected.text, "at " << n << ": " << got.text);
    }
    refused = refusal.refused();
  }
  CHECK(model.run(r).text == expected.text);
}

size_t lines_of(const char* path) {
  std::ifstream in(path);
  return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
}

CHECK_CASE("engine/real: a model loaded and disposed two hundred times leaves nothing behind") {
  const std::string path = small_model();
  int64_t allocations = 0;
  [[maybe_unused]] size_t mappings = 0;
  for (int i = 1; i <= 200; i++) {
    {
      Loaded model(options(128), path);
      if (i % 10 == 0) model.run(model.ask("Once", 3));
    }
    if (i == 20) allocations = live_allocations(), mappings = lines_of("/proc/self/maps");
  }
  CHECK_THAT(live_allocations() == allocations, live_allocations() << " allocations, " << allocations << " after the 20th");
#ifndef LT_SANITIZED  // a sanitizer keeps what was freed, for a while
  const size_t now = lines_of("/proc/self/maps");
  CHECK_THAT(now <= mappings + 8, now << " mappings, " << mappings << " after the 20th");  // the C library's own arenas come and go
#endif
}

}  // namespace
