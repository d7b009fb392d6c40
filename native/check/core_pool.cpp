// A pool of threads: every task once, whatever the threads and the moments; meant for the thread sanitizer.
#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "check/check.h"
#include "core/cores.h"
#include "core/pool.h"

namespace lt {
namespace {

void run_loops(Pool& pool, int loops) {
  for (int i = 0; i < loops; i++) {
    const int64_t tasks = i % 37;
    std::vector<int> done(static_cast<size_t>(tasks), 0);  // plain ints: a task that ran twice is a race
    pool.run(tasks, [&](int64_t t, int thread) {
      CHECK(thread >= 0 && thread < pool.threads());
      done[static_cast<size_t>(t)]++;
    });
    for (const int d : done) CHECK(d == 1);
  }
}

CHECK_CASE("core/pool runs every task once") {
  for (const int threads : {1, 2, 3, 7}) {
    Pool pool(threads);
    CHECK(pool.threads() == threads);
    run_loops(pool, 300);
  }
}

CHECK_CASE("core/pool finds workers asleep, woken and spinning") {
  Pool pool(3);
  for (int i = 0; i < 20; i++) {
    std::this_thread::sleep_for(std::chrono::microseconds(i % 3 * 400));
    if (i % 2) pool.wake();
    run_loops(pool, 5);
  }
}

CHECK_CASE("core/pool tells the tasks' results to the caller and to the next loop") {
  Pool pool(4);
  std::vector<int64_t> values(1000, 0);
  for (int round = 0; round < 50; round++)
    pool.run(100, [&](int64_t t, int) {
      for (int64_t i = t * 10; i < t * 10 + 10; i++) values[static_cast<size_t>(999 - i)] = values[static_cast<size_t>(999 - i)] + i;
    });
  for (int64_t i = 0; i < 1000; i++) CHECK(values[static_cast<size_t>(999 - i)] == 50 * i);
}

CHECK_CASE("core/pool ends at once, used or not") {
  for (int i = 0; i < 30; i++) {
    Pool pool(1 + i % 5);
    if (i % 2) run_loops(pool, 3);
  }
}

CHECK_CASE("core/pool serves several owners on several threads") {
  std::vector<std::thread> owners;
  for (int i = 0; i < 3; i++)
    owners.emplace_back([] {
      Pool pool(2);
      run_loops(pool, 100);
    });
  for (std::thread& t : owners) t.join();
}

CHECK_CASE("core/pool with more threads than cores slows in proportion") {
  const auto time = [](int threads) {
    Pool pool(threads);
    volatile double sink = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; i++)
      pool.run(32, [&](int64_t, int) {
        double x = 1;
        for (int k = 0; k < 2000; k++) x = x * 1.0000001 + 1e-9;
        if (x == 0) sink = x;
      });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double fit = time(1), over = time(8 * usable_cores());
  CHECK_THAT(over < 20 * fit + 0.5, over << " s with eight threads a core, " << fit << " s with one thread");
}

CHECK_CASE("core/cores are at least one and at most what the system has") {
  CHECK(usable_cores() >= 1);
  CHECK(usable_cores() <= static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

}  // namespace
}  // namespace lt
