// A loop over tasks on several threads that live as long as the loop.
#pragma once
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lt::quantize {

// Calls f(task) for every task of [0, tasks). What the first call that throws threw is thrown, after all threads have ended.
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
  {
    std::vector<std::jthread> others;
    for (int64_t t = 1; t < std::min<int64_t>(threads, tasks); t++) others.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lt::quantize
