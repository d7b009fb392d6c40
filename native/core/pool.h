// Threads that share parallel loops, and the process's, which all models share. Of a loop each thread has a stretch of tasks, the same ones
// whenever the loop is the same, so that what it reads is near it; who has done his own takes from the others', task by task, first of the
// threads of his group. Nothing is written by all threads: a stretch has a line of memory of its own, and so has what tells a group that
// there is a loop and counts its threads in and out (docs/performance.md, "Many cores"). Whoever waits spins briefly, then sleeps. A thread
// that the system does not run delays the tasks it has claimed and nothing else. Those who run loops at the same time each have a share of
// the threads, and none waits for another.
#pragma once
#include <algorithm>
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
    if (tasks <= 1 || threads <= 1 || count_.load() == 1) {
      for (int64_t t = 0; t < tasks; t++) f(t, 0);
      return;
    }
    share(threads, tasks, [](void* context, int64_t task, int thread) { (*static_cast<F*>(context))(task, thread); }, &f);
  }

  static constexpr int most_threads = 256;  // of a loop

  void wake(int threads);  // have the caller's share of so many spin, so that its next loop finds them awake

 private:
  using Clock = std::chrono::steady_clock;
  using Call = void (*)(void* context, int64_t task, int thread);

  static constexpr int most_workers = 1024;
  static constexpr int64_t most_tasks = int64_t{1} << 31;  // that are shared
  // Threads of a loop that are told and counted together: as many as share a last-level cache on most processors of many cores. Threads are
  // not bound to cores, so it is their number that counts, not which they are.
  static constexpr int group_threads = 8;

  // A thread's tasks. Whoever first looks into one in a loop finds an older loop's number, and that none is taken.
  struct alignas(64) Stretch {
    std::atomic<uint64_t> taken{0};   // the loop's number, and in the lower half how many tasks
    std::atomic<uint32_t> served{0};  // the last loop in which a worker had this thread's number
  };

  struct Group {
    alignas(64) std::atomic<uint32_t> epoch{0};  // changes when there is something to look at
    std::atomic<uint32_t> asleep{0};             // workers that wait for that, or are about to
    alignas(64) std::atomic<uint32_t> gate{0};   // workers in the loop, or finding out that they may not; and bits of these two:
    alignas(64) std::atomic<uint32_t> empty{0};  // the last loop of whose stretches all tasks were seen taken
    std::array<Stretch, group_threads> stretches;

    void tell() noexcept;
  };
  static constexpr uint32_t opened = 1u << 31;   // the loop may be entered
  static constexpr uint32_t awaited = 1u << 30;  // the caller sleeps until nobody is inside

  // Where a worker is: the place, and the number of the thread that it is there.
  struct Post {
    int32_t place, thread;
    bool operator==(const Post&) const = default;
  };

  // One caller's loops. It keeps its place, and its share of the workers, until it has run none for a while and another looks.
  struct alignas(64) Place {
    std::atomic<uint64_t> holder{0};  // 0: none; else twice the number of the caller's thread, and 1 while it is in a loop
    std::atomic<uint64_t> loops{0};   // that it has run
    // Under the pool's mutex.
    int asked = 1;
    uint64_t loops_seen = 0;
    Clock::time_point seen;  // when there were fewer

    // The loop being run; written only while no worker is inside.
    alignas(64) Call call = nullptr;
    void* context = nullptr;
    uint32_t loop = UINT32_MAX - 200;  // its number; the last one comes soon, so that what is done then is done often
    int limit = 0;                     // threads that take part
    int64_t even = 0;                  // tasks of each thread's stretch; of the first ones a task more
    int64_t more = 0;                  // so many
    std::atomic<bool> failed{false};
    std::atomic<int> share{1};  // the place's threads, the caller's among them
    std::exception_ptr failure;
    std::mutex failing;  // of failure
    std::array<Group, most_threads / group_threads> groups;

    int64_t first(int thread) const { return thread * even + std::min<int64_t>(thread, more); }  // task of a thread's stretch
    Stretch& stretch(int thread) {
      return groups[static_cast<size_t>(thread / group_threads)].stretches[static_cast<size_t>(thread % group_threads)];
    }
  };

  void share(int threads, int64_t tasks, Call call, void* context);
  Place* enter(int threads);
  void look_around(const Place& own);
  void share_out() noexcept;
  void start(int threads);
  static int groups_of(int threads);
  static Post idle_post(int worker);
  void wake(Place& place, int threads) noexcept;
  void open(Place& place, int groups) noexcept;
  void close(Place& place, int groups, std::chrono::microseconds spin) noexcept;
  static int64_t claim(Place& place, int thread);
  static void work_off(Place& place, int of, int thread) noexcept;
  static void work(Place& place, int thread) noexcept;
  void serve(int worker) noexcept;
  void finish() noexcept;
  std::chrono::microseconds spin(int threads) const;

  static constexpr int places = 16, nowhere = places;
  std::array<Place, places + 1> places_;  // the last is of workers without a caller
  std::atomic<int> taken_{0};             // places
  std::array<std::atomic<Post>, most_workers> posts_;
  std::atomic<int> count_{1};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // who has which place and which workers
  const int cores_, processors_;
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
  // On fewer of them.
  template <class F>
  void run(int threads, int64_t tasks, F&& f) const {
    pool_->run(threads, tasks, std::forward<F>(f));
  }
  void wake() const { pool_->wake(count_); }

 private:
  int count_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace lt
