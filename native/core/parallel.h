// A loop over tasks on several threads that live as long as the loop: for work that is long enough to start threads for.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lt {

// Calls f(task) for every task of [0, tasks), on at most `threads` threads, of which the caller's is one; on fewer where the system
// refuses some, or the memory for them. What the first call that throws threw is thrown, after all threads have ended.
template <class F>
void parallel(int threads, int64_t tasks, const F& f) {
  std::atomic<int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (int64_t task; (task = next++) < tasks;) f(task);
    } catch (...) {
      next = tasks;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  try {
    others.reserve(static_cast<size_t>(threads));
    for (int64_t t = 1; t < threads && t < tasks; t++) others.emplace_back(work);
  } catch (...) {
    // The threads that there are do it.
  }
  work();
  for (std::thread& t : others) t.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lt
