// A pool of threads: every task once, whatever the threads and the moments; meant for the thread sanitizer.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
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
    const int threads = 1 + i % pool.threads();
    pool.run(threads, tasks, [&](int64_t t, int thread) {
      CHECK(thread >= 0 && thread < threads);
      done[static_cast<size_t>(t)]++;
    });
    for (const int d : done) CHECK(d == 1);
  }
}

CHECK_CASE("core/pool runs every task once") {
  for (const int threads : {1, 2, 3, 7, 20, 64}) {
    Pool pool(threads);
    CHECK(pool.threads() == threads);
    run_loops(pool, 300);
  }
}

// Until it is so, or a minute is over.
template <class F>
bool comes_true(F f) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!f())
    if (std::chrono::steady_clock::now() > end) return false;
  return true;
}

CHECK_CASE("core/pool has each thread begin with tasks of its own, the same in every loop") {
  constexpr int threads = 11, tasks = 47;  // two groups; 47 = 3 threads with 5 and 8 with 4
  Pool pool(threads);
  for (int loop = 0; loop < 10; loop++) {
    std::atomic<int> begun{0};
    std::array<int64_t, threads> first;
    first.fill(-1);
    pool.run(threads, tasks, [&](int64_t t, int thread) {
      int64_t& mine = first[static_cast<size_t>(thread)];
      if (mine >= 0) return;
      mine = t;
      begun++;  // nobody has time for others' tasks before all have begun
      CHECK_THAT(comes_true([&] { return begun == threads; }), "of " << threads << " threads only " << begun << " came");
    });
    for (int64_t t = 0; t < threads; t++) CHECK(first[static_cast<size_t>(t)] == 4 * t + std::min<int64_t>(t, 3));
  }
}

CHECK_CASE("core/pool takes the tasks of a thread that is held up, also of another group") {
  constexpr int threads = 11, tasks = 110;
  Pool pool(threads);
  for (const int held : {0, 1, 10}) {
    std::atomic<int> done{0};
    std::atomic<bool> waits{false};
    pool.run(threads, tasks, [&](int64_t, int thread) {
      if (thread == held && !waits.exchange(true))
        CHECK_THAT(comes_true([&] { return done == tasks - 1; }), done << " of " << tasks - 1 << " tasks were done by others");
      done++;
    });
    CHECK(done == tasks);
  }
}

CHECK_CASE("core/pool finds workers asleep, woken and spinning") {
  Pool pool(3);
  for (int i = 0; i < 20; i++) {
    std::this_thread::sleep_for(std::chrono::microseconds(i % 3 * 400));
    if (i % 2) pool.wake(3);
    run_loops(pool, 5);
  }
}

CHECK_CASE("core/pool tells the tasks' results to the caller and to the next loop") {
  Pool pool(4);
  std::vector<int64_t> values(1000, 0);
  for (int round = 0; round < 50; round++)
    pool.run(4, 100, [&](int64_t t, int) {
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

CHECK_CASE("core/pool serves several callers at once, while it grows and is woken") {
  Pool pool(2);
  std::atomic<int> ended{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; i++)
    callers.emplace_back([&] {
      run_loops(pool, 200);
      ended++;
    });
  int threads = 3;
  do {  // once at least, should they be quicker
    pool.grow(threads);
    pool.wake(threads);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    threads += threads < 6;
  } while (ended < 3);
  for (std::thread& t : callers) t.join();
  CHECK(pool.threads() >= 3);
}

CHECK_CASE("core/pool lets nobody wait for another's loop") {
  Pool pool(2);
  std::atomic<bool> begun{false}, over{false};
  std::thread other([&] {
    pool.run(2, 4, [&](int64_t, int) {
      begun = true;
      while (!over) std::this_thread::yield();
    });
  });
  while (!begun) std::this_thread::yield();
  for (int i = 0; i < 20; i++) run_loops(pool, 5);
  over = true;
  other.join();
}

CHECK_CASE("core/pool gives callers at once a share each, and all to one who is left") {
  Pool pool(4);
  std::atomic<bool> begun{false}, over{false};
  std::thread other([&] {  // in a loop until it is over, which its workers leave
    while (!begun)
      pool.run(4, 50, [&](int64_t, int thread) {
        if (thread > 0) return;
        begun = true;
        while (!over) std::this_thread::yield();
      });
  });
  while (!begun) std::this_thread::yield();
  std::atomic<int> most{0};
  const auto loop = [&] {
    pool.run(4, 40, [&](int64_t, int thread) {
      for (int seen = most; seen < thread && !most.compare_exchange_weak(seen, thread);) continue;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    });
  };
  const auto loop_until = [&](int number) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (most < number && std::chrono::steady_clock::now() < end) loop();
  };
  loop_until(1);
  for (int i = 0; i < 20; i++) loop();
  const int shared = most;
  over = true;
  other.join();
  loop_until(2);
  CHECK_THAT(shared == 1, "the last of two threads had the number " << shared);
  CHECK_THAT(most >= 2, "the threads of one who left are nobody's");
}

CHECK_CASE("core/pool has callers beyond its places run their loops by themselves") {
  Pool pool(3);
  std::vector<std::thread> callers;
  for (int i = 0; i < 40; i++) callers.emplace_back([&] { run_loops(pool, 40); });
  for (std::thread& t : callers) t.join();
  run_loops(pool, 40);
}

CHECK_CASE("core/pool throws what a task threw, once all have ended, and goes on") {
  for (const int threads : {1, 2, 5}) {
    Pool pool(threads);
    for (int i = 0; i < 50; i++) {
      std::atomic<int> running{0}, begun{0};
      try {
        pool.run(threads, 20, [&](int64_t t, int) {
          running++;
          begun++;
          if (t == i % 20) {
            running--;
            throw std::runtime_error(std::to_string(t));
          }
          running--;
        });
        CHECK_THAT(false, "nothing was thrown");
      } catch (const std::runtime_error& e) {
        CHECK(e.what() == std::to_string(i % 20) && running == 0 && begun > 0 && begun <= 20);
      }
      run_loops(pool, 3);
    }
  }
}

CHECK_CASE("core/threads are the process's: as many as were asked for, shared by all who ask") {
  const Threads two(2), three(3);
  CHECK(two.count() == 2 && three.count() == 3 && Threads(0).count() == usable_cores());
  CHECK_THROWS(Threads(-1), Code::argument);
  CHECK_THROWS(Threads(257), Code::argument);
  std::atomic<int> most{0};
  two.run(100, [&](int64_t, int thread) {
    for (int seen = most; seen < thread && !most.compare_exchange_weak(seen, thread);) continue;
  });
  CHECK(most < 2);
}

CHECK_CASE("core/pool with more threads than cores slows in proportion") {
  const auto time = [](int threads) {
    Pool pool(threads);
    volatile double sink = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; i++)
      pool.run(threads, 32, [&](int64_t, int) {
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
