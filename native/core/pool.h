// Threads that share one parallel loop at a time, and the process's, which all models share. A task is claimed by one atomic addition;
// whoever waits spins briefly, then sleeps. A thread that the system does not run delays the tasks it has claimed and nothing else.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
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
  // Where a call throws, no more are begun, and the first exception is thrown. Several callers take turns; f must not call run.
  template <class F>
  void run(int threads, int64_t tasks, F&& f) {
    if (tasks <= 1 || threads <= 1) {
      for (int64_t t = 0; t < tasks; t++) f(t, 0);
      return;
    }
    share(threads, tasks, [](void* context, int64_t task, int thread) { (*static_cast<F*>(context))(task, thread); }, &f);
  }

  void wake();  // have the workers spin, so that the next loop finds them awake

 private:
  using Call = void (*)(void* context, int64_t task, int thread);

  // Who may run a loop. Somebody who waits gets the threads after a while, so that two who run one loop after another both go on, and the
  // threads do not change hands at every loop.
  class Turns {
   public:
    void enter();
    void leave() noexcept;

   private:
    using Clock = std::chrono::steady_clock;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool busy_ = false, over_ = false;  // over: the next turn is of who waits
    uint64_t first_ = 0, end_ = 0;      // tickets of those that wait
    Clock::time_point since_;           // the first of them waits, or the last one had its turn
  };

  void share(int threads, int64_t tasks, Call call, void* context);
  void work(int thread) noexcept;
  void serve(int thread);
  void finish();
  std::chrono::microseconds spin(int threads) const;

  Turns turns_;

  // The loop being run; written only while no worker is inside.
  Call call_ = nullptr;
  void* context_ = nullptr;
  int64_t tasks_ = 0;
  int limit_ = 0;  // threads that take part
  std::exception_ptr failure_;
  std::mutex failing_;  // of failure_

  alignas(64) std::atomic<uint32_t> epoch_{0};  // changes when there is something to look at
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<bool> open_{false};  // the loop may be entered
  std::atomic<int> inside_{0};                 // workers in the loop, or finding out that they may not
  alignas(64) std::atomic<int64_t> next_{0};
  std::atomic<int> count_{1};
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
  void wake() const {
    if (count_ > 1) pool_->wake();
  }

 private:
  int count_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace lt
