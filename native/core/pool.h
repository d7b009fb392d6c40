// Threads that share one parallel loop at a time. A task is claimed by one atomic addition; whoever waits spins briefly, then
// sleeps. A thread that the system does not run delays the tasks it has claimed and nothing else.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace lt {

class Pool {
 public:
  explicit Pool(int threads);  // the caller of run is one of them; throws Code::memory
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls f(task, thread) for every task of [0, tasks), returns when all are done. One caller at a time; f must not throw.
  template <class F>
  void run(int64_t tasks, F&& f) {
    if (tasks <= 1 || workers_.empty()) {
      for (int64_t t = 0; t < tasks; t++) f(t, 0);
      return;
    }
    share(tasks, [](void* context, int64_t task, int thread) { (*static_cast<F*>(context))(task, thread); }, &f);
  }

  void wake();  // have the workers spin, so that the next loop finds them awake

 private:
  using Call = void (*)(void* context, int64_t task, int thread);

  void share(int64_t tasks, Call call, void* context);
  void work(int thread);
  void serve(int thread);
  void finish();
  uint32_t next_epoch() const;

  // The loop being run; written only while no worker is inside.
  Call call_ = nullptr;
  void* context_ = nullptr;
  int64_t tasks_ = 0;

  alignas(64) std::atomic<uint32_t> epoch_{0};  // changes when there is something to look at
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<uint32_t> open_{0};  // the epoch whose loop may be entered, 0: none
  std::atomic<int> inside_{0};                 // workers in the loop, or finding out that they may not
  alignas(64) std::atomic<int64_t> next_{0};
  std::chrono::microseconds spin_;
  long long process_;
  std::vector<std::thread> workers_;
};

}  // namespace lt
