// Threads that share parallel loops, and the process's, which all models share. A task is claimed by one atomic addition; whoever waits
// spins briefly, then sleeps. A thread that the system does not run delays the tasks it has claimed and nothing else. Those who run loops
// at the same time each have a share of the threads, and none waits for another.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lt {

class Pool {
 public:
  explicit Pool(int threads);  // the caller of run is one of them; throws Code::memory
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return count_.load(); }
  void grow(int threads);  // to so many at least; throws Code::memory, with those that there were

  // Calls f(task, thread) for every task of [0, tasks) on at most `threads` of the threads, thread < threads; returns when all are done.
  // Where a call throws, no more are begun, and the first exception is thrown. f must not call run.
  template <class F>
  void run(int threads, int64_t tasks, F&& f) {
    if (tasks <= 1 || count_.load() == 1) {
      for (int64_t t = 0; t < tasks; t++) f(t, 0);
      return;
    }
    share(threads, tasks, [](void* context, int64_t task, int thread) { (*static_cast<F*>(context))(task, thread); }, &f);
  }

  void wake(int threads);  // have the caller's share of so many spin, so that its next loop finds them awake

 private:
  using Clock = std::chrono::steady_clock;
  using Call = void (*)(void* context, int64_t task, int thread);

  // One caller's loops. It keeps its place, and its share of the workers, until it has run none for a while and another looks.
  struct alignas(64) Place {
    std::atomic<uint64_t> holder{0};  // 0: none; else twice the number of the caller's thread, and 1 while it is in a loop
    std::atomic<uint64_t> loops{0};   // that it has run
    std::atomic<int> share{1};        // threads, the caller's among them
    // Under the pool's mutex.
    int asked = 1;
    uint64_t loops_seen = 0;
    Clock::time_point seen;  // when there were fewer

    // The loop being run; written only while no worker is inside.
    Call call = nullptr;
    void* context = nullptr;
    int64_t tasks = 0;
    int limit = 0;  // threads that take part
    std::exception_ptr failure;
    std::mutex failing;                          // of failure
    alignas(64) std::atomic<uint32_t> epoch{0};  // changes when there is something to look at
    alignas(64) std::atomic<bool> open{false};   // the loop may be entered
    std::atomic<int> inside{0};                  // workers in the loop, or finding out that they may not
    std::atomic<int> joined{0};                  // workers that entered it
    alignas(64) std::atomic<int64_t> next{0};
  };

  void share(int threads, int64_t tasks, Call call, void* context);
  Place* enter(int threads);
  void look_around(const Place& own);
  void share_out() noexcept;
  void start(int threads);
  void wake(Place& place) noexcept;
  static void work(Place& place, int thread) noexcept;
  void serve(int worker) noexcept;
  void finish() noexcept;
  std::chrono::microseconds spin(int threads) const;

  static constexpr int most_workers = 1024, places = 16, nowhere = places;
  std::array<Place, places + 1> places_;  // the last is of workers without a caller
  std::atomic<int> taken_{0};             // places
  std::array<std::atomic<int>, most_workers> place_of_;
  std::atomic<int> count_{1};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // who has which place and which workers
  const int cores_;
  const long long process_;
  std::vector<std::thread> workers_;
};

// So many of the process's threads. They start with who asks for them first, and end with the last.
class Threads {
 public:
  explicit Threads(int asked);  // 0: physical cores within affinity and cgroup quota. Throws Code::argument, Code::memory
  int count() const { return count_; }
  template <class F>
  void run(int64_t tasks, F&& f) const {  // as Pool's
    pool_->run(count_, tasks, std::forward<F>(f));
  }
  void wake() const { pool_->wake(count_); }

 private:
  int count_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace lt
