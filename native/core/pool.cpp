#include "core/pool.h"

#include <chrono>
#include <system_error>

#include "core/cores.h"
#include "core/error.h"
#if defined(_WIN32)
#include <process.h>
#else
#include <unistd.h>
#endif
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace lt {
namespace {

long long process_id() {
#if defined(_WIN32)
  return _getpid();
#else
  return getpid();
#endif
}

void pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

// True as soon as ready() is, false when the spinning time is over.
template <class F>
bool spin_until(std::chrono::microseconds spin, F ready) {
  const auto end = std::chrono::steady_clock::now() + spin;
  do {
    for (int i = 0; i < 64; i++) {
      if (ready()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace

// Spinning pays only while every thread has a core: with more threads than cores it takes the time of one that works.
Pool::Pool(int threads) : spin_(threads <= usable_cores() ? 50 : 0), process_(process_id()) {
  try {
    for (int t = 1; t < threads; t++) workers_.emplace_back([this, t] { serve(t); });
  } catch (const std::system_error& e) {
    const size_t started = workers_.size();
    finish();
    throw Error(Code::memory, "threads: expected to start " + std::to_string(threads - 1) + ", the system refused after " +
                                  std::to_string(started) + " (" + e.what() + "); ask for fewer");
  } catch (...) {  // memory for one more: those that started must not outlive this
    finish();
    throw;
  }
}

Pool::~Pool() { finish(); }

void Pool::finish() {
  stop_.store(true);
  wake();
  for (std::thread& w : workers_) {
    if (process_ == process_id())
      w.join();
    else
      w.detach();  // after a fork the threads are the parent's
  }
  workers_.clear();
}

void Pool::wake() {
  if (workers_.empty()) return;
  epoch_.store(next_epoch());
  epoch_.notify_all();
}

uint32_t Pool::next_epoch() const {
  const uint32_t next = epoch_.load() + 1;
  return next == 0 ? 1 : next;  // 0 is "closed"
}

void Pool::share(int64_t tasks, Call call, void* context) {
  call_ = call, context_ = context, tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  const uint32_t epoch = next_epoch();
  open_.store(epoch);
  epoch_.store(epoch);
  epoch_.notify_all();
  work(0);
  // Either a worker sees the loop closed, or this sees the worker inside: both orders are sequentially consistent.
  open_.store(0);
  const auto done = [this] { return inside_.load() == 0; };
  if (spin_until(spin_, done)) return;
  for (int n; (n = inside_.load()) != 0;) inside_.wait(n);  // asleep, so that the thread waited for has the core
}

void Pool::work(int thread) {
  for (int64_t t; (t = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) call_(context_, t, thread);
}

void Pool::serve(int thread) {
  for (uint32_t seen = 0; !stop_.load();) {
    const auto changed = [&] { return epoch_.load() != seen; };
    if (!spin_until(spin_, changed)) epoch_.wait(seen);
    seen = epoch_.load();
    inside_.fetch_add(1);
    if (open_.load() == seen) work(thread);
    if (inside_.fetch_sub(1) == 1) inside_.notify_all();
  }
}

}  // namespace lt
