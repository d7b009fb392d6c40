// Requests that do not come to their own end: aborted, left by a disposed engine, or failed with a step.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "check/engine_fake.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

// Lets the test's thread stop the engine's thread at a layer.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false, open = false;
  std::atomic<int64_t> layers{0};

  void pass() {
    layers++;
    std::unique_lock lock(mutex);
    reached = true;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
  }
  void wait_reached() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return reached; });
  }
  void release() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

CHECK_CASE("engine/an abort is noticed between the layers of a step") {
  Gate gate;
  FakeEngine fake({4096, 512, 8}, [&](FakeEngine& f) { f.model->on_layer = [&](const Rows&) { gate.pass(); }; });
  const uint64_t id = fake.engine->submit(fake_request(fake_prompt(400, 1), 5));
  gate.wait_reached();
  fake.engine->abort(id);
  gate.release();
  const Report got = fake.reports.wait(id);
  CHECK(got.finish == Finish::aborted && got.tokens.empty());
  CHECK(gate.layers == 1);
  check_same(fake.run(fake_request(fake_prompt(400, 1), 5)), fake_request(fake_prompt(400, 1), 5), 4096);
}

CHECK_CASE("engine/aborted before it starts, while others run, and after its end") {
  FakeEngine fake({4096, 64, 1});
  Request forever = fake_request(fake_prompt(3, 1), -1);
  forever.generate().ignore_end = true;
  const uint64_t a = fake.engine->submit(forever), b = fake.engine->submit(forever);
  fake.reports.wait_for_tokens(a, 3);
  fake.engine->abort(b);
  CHECK(fake.reports.wait(b).finish == Finish::aborted);
  fake.engine->abort(a);
  CHECK(fake.reports.wait(a).finish == Finish::aborted);
  fake.engine->abort(a);
  fake.engine->abort(12345);
  check_same(fake.run(fake_request(fake_prompt(9, 2), 5)), fake_request(fake_prompt(9, 2), 5), 4096);
}

CHECK_CASE("engine/disposal reports what is unfinished, once each") {
  FakeEngine fake({4096, 64, 2});
  std::vector<uint64_t> ids;
  for (uint32_t i = 0; i < 6; i++) {
    Request r = fake_request(fake_prompt(30, i), -1);
    r.generate().ignore_end = true;
    ids.push_back(fake.engine->submit(r));
  }
  fake.reports.wait_for_tokens(ids[0], 2);
  fake.engine.reset();
  for (const uint64_t id : ids) {
    const Report r = fake.reports.so_far(id);
    CHECK(r.finish == Finish::failed && r.error && r.error->code() == Code::disposed);
  }
  CHECK_THAT(fake.reports.complaint.empty(), fake.reports.complaint);
}

CHECK_CASE("engine/disposal does not wait for a long step") {
  Gate gate;
  FakeEngine fake({4096, 512, 8}, [&](FakeEngine& f) { f.model->on_layer = [&](const Rows&) { gate.pass(); }; });
  const uint64_t id = fake.engine->submit(fake_request(fake_prompt(400, 1), 5));
  gate.wait_reached();
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    gate.release();
  });
  fake.engine.reset();
  opener.join();
  CHECK(fake.reports.so_far(id).finish == Finish::failed && gate.layers == 1);
}

CHECK_CASE("engine/an error in a step fails its requests and no others") {
  std::atomic<bool> broken{false};
  FakeEngine fake({4096, 64, 8}, [&](FakeEngine& f) {
    f.model->on_layer = [&](const Rows&) {
      if (broken) throw Error(Code::device, "the device was lost");
    };
  });
  check_same(fake.run(fake_request(fake_prompt(70, 1), 5)), fake_request(fake_prompt(70, 1), 5), 4096);
  broken = true;
  const Report failed = fake.run(fake_request(fake_prompt(70, 2), 5));
  CHECK(failed.finish == Finish::failed && failed.error && failed.error->code() == Code::device);
  broken = false;
  check_same(fake.run(fake_request(fake_prompt(70, 2), 5)), fake_request(fake_prompt(70, 2), 5), 4096);
}

}  // namespace
