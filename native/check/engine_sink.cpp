// Sinks that fail: a request ends with what was thrown, no report is lost or given twice, and the others go on.
#include <atomic>

#include "check/engine_fake.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

Request quick(uint32_t seed) {
  Request r = fake_request(fake_prompt(10 + 30 * seed, seed), 12, seed);
  r.tag = 1000 + seed;
  return r;
}

void check_alive(FakeEngine& fake) { check_same(fake.run(quick(9)), quick(9), 4096); }

CHECK_CASE("engine/a report that the sink throws at fails its request, not those beside it") {
  for (const bool only_last : {false, true}) {
    FakeEngine fake;
    fake.reports.before = [only_last](const std::vector<Report>& reports) {
      for (const Report& r : reports)
        if (r.tag == 1002 && r.finish != Finish::failed && (!only_last || r.finish != Finish::none))
          throw Error(Code::unsupported, "this one cannot be told");
    };
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < 5; i++) ids.push_back(fake.engine->submit(quick(i)));
    for (uint32_t i = 0; i < 5; i++) {
      const Report got = fake.reports.wait(ids[i]);
      CHECK(got.tag == 1000 + i);
      if (i != 2)
        check_same(got, quick(i), 4096);
      else
        CHECK(got.finish == Finish::failed && got.error->code() == Code::unsupported);
    }
    check_alive(fake);
    CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
  }
}

CHECK_CASE("engine/what a sink throws now and then loses no report") {
  for (const int every : {1, 2, 3, 5}) {
    std::atomic<int> calls{0};
    FakeEngine fake;
    fake.reports.before = [&](const std::vector<Report>& reports) {
      if (reports.size() > 1 && calls++ % every == 0) throw 7;  // together it fails, each alone goes
    };
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < 8; i++) ids.push_back(fake.engine->submit(quick(i)));
    for (uint32_t i = 0; i < 8; i++) check_same(fake.reports.wait(ids[i]), quick(i), 4096);
    CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
    CHECK(calls > 0);
  }
}

CHECK_CASE("engine/a sink that fails for long hears of everything when it works again") {
  std::atomic<bool> broken{true};
  std::atomic<int> calls{0};
  FakeEngine fake;
  fake.reports.before = [&](const std::vector<Report>&) {
    calls++;
    if (broken) throw std::bad_alloc();
  };
  std::vector<uint64_t> ids;
  for (uint32_t i = 0; i < 4; i++) ids.push_back(fake.engine->submit(quick(i)));
  while (calls < 30) std::this_thread::yield();
  broken = false;
  for (const uint64_t id : ids) {
    const Report got = fake.reports.wait(id);
    CHECK(got.finish == Finish::failed && got.error->code() == Code::memory && got.tokens.empty());
  }
  check_alive(fake);
  CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
}

CHECK_CASE("engine/disposal ends where the sink fails for ever") {
  FakeEngine fake;
  fake.reports.before = [](const std::vector<Report>&) { throw std::bad_alloc(); };
  for (uint32_t i = 0; i < 4; i++) fake.engine->submit(quick(i));
  fake.engine.reset();
}

// A sink that has taken the reports and throws all the same breaks its promise: better told twice than lost.
CHECK_CASE("engine/a sink that keeps what it throws at fails what it kept") {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<uint64_t, Report> last;
  bool first = true;
  const auto sink = [&](std::vector<Report>&& reports) {
    const std::vector<Report> kept = std::move(reports);
    const std::lock_guard lock(mutex);
    if (std::exchange(first, false)) throw std::runtime_error("too late");
    for (const Report& r : kept)
      if (r.finish != Finish::none) last[r.request] = r;
    changed.notify_all();
  };
  FakeEngine fake({}, nullptr, sink);
  const uint64_t a = fake.engine->submit(quick(1)), b = fake.engine->submit(quick(2));
  std::unique_lock lock(mutex);
  CHECK(changed.wait_for(lock, std::chrono::seconds(120), [&] { return last.count(a) && last.count(b); }));
  const auto failed = [&](uint64_t id) { return last[id].finish == Finish::failed && last[id].error->code() == Code::internal; };
  CHECK(failed(a) || failed(b));  // whichever was delivered first, or both
}

CHECK_CASE("engine/reports that come before submit returns have the caller's tag") {
  FakeEngine fake;
  for (uint32_t i = 0; i < 200; i++) {
    Request r = fake_request({3}, 1, i);
    r.tag = 5000 + i;
    CHECK(fake.run(r).tag == 5000 + i);
  }
}

}  // namespace
