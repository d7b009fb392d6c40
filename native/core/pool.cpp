#include "core/pool.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

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

constexpr std::chrono::milliseconds turn{1};             // about as long as one has the threads while another waits
constexpr std::chrono::microseconds between_looks{100};  // of who waits

}  // namespace

void Pool::Turns::enter() {
  std::unique_lock lock(mutex_);
  if (!busy_ && !over_) {
    busy_ = true;
    return;
  }
  if (first_ == end_) since_ = Clock::now();
  const uint64_t ticket = end_++;
  while (busy_ || ticket != first_) changed_.wait_for(lock, between_looks);
  first_++;
  busy_ = true, over_ = false;
  since_ = Clock::now();
}

void Pool::Turns::leave() noexcept {
  const std::lock_guard lock(mutex_);
  busy_ = false;
  if (first_ == end_ || Clock::now() - since_ < turn) return;
  over_ = true;
  changed_.notify_all();
}

Pool::Pool(int threads) : cores_(usable_cores()), process_(process_id()) {
  try {
    grow(threads);
  } catch (...) {  // those that started must not outlive this
    finish();
    throw;
  }
}

Pool::~Pool() { finish(); }

void Pool::grow(int threads) {
  turns_.enter();
  try {
    for (int t = count_.load(); t < threads; t++) {
      workers_.emplace_back([this, t] { serve(t); });
      count_.store(t + 1);
    }
  } catch (const std::system_error& e) {
    turns_.leave();
    throw Error(Code::memory, "threads: expected " + std::to_string(threads) + " to run, the system refused after " +
                                  std::to_string(count_.load()) + " (" + e.what() + "); ask for fewer");
  } catch (...) {
    turns_.leave();
    throw;
  }
  turns_.leave();
}

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
  if (count_.load() == 1) return;
  epoch_.fetch_add(1);
  epoch_.notify_all();
}

// Spinning pays only while every thread has a core: with more threads than cores it takes the time of one that works.
std::chrono::microseconds Pool::spin(int threads) const { return std::chrono::microseconds(threads <= cores_ ? 50 : 0); }

void Pool::share(int threads, int64_t tasks, Call call, void* context) {
  turns_.enter();
  call_ = call, context_ = context, tasks_ = tasks, limit_ = threads;
  next_.store(0, std::memory_order_relaxed);
  open_.store(true);
  wake();
  work(0);
  // Either a worker sees the loop closed, or this sees the worker inside: both orders are sequentially consistent.
  open_.store(false);
  const auto done = [this] { return inside_.load() == 0; };
  if (!spin_until(spin(threads), done))
    for (int n; (n = inside_.load()) != 0;) inside_.wait(n);  // asleep, so that the thread waited for has the core
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  turns_.leave();
  if (failure) std::rethrow_exception(failure);
}

void Pool::work(int thread) noexcept {
  for (int64_t t; (t = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) {
    try {
      call_(context_, t, thread);
    } catch (...) {
      next_.store(tasks_, std::memory_order_relaxed);
      const std::lock_guard lock(failing_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
}

void Pool::serve(int thread) {
  int among = 1;  // threads of the last loop, where this is one of them
  for (uint32_t seen = 0; !stop_.load();) {
    const auto changed = [&] { return epoch_.load() != seen; };
    if (!spin_until(spin(among), changed)) epoch_.wait(seen);
    seen = epoch_.load();
    inside_.fetch_add(1);
    if (open_.load()) {
      among = thread < limit_ ? limit_ : std::numeric_limits<int>::max();
      if (thread < limit_) work(thread);
    }
    if (inside_.fetch_sub(1) == 1) inside_.notify_all();
  }
}

namespace {

constexpr int most_threads = 256;

int checked(int asked) {
  if (asked < 0 || asked > most_threads)
    throw Error(Code::argument, "threads: expected 0 (the physical cores this process may use) to " + std::to_string(most_threads) +
                                    ", found " + std::to_string(asked));
  return asked ? asked : std::min(usable_cores(), most_threads);
}

std::shared_ptr<Pool> pool_of_process(int threads) {
  static std::mutex mutex;
  static std::weak_ptr<Pool> shared;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Pool> pool = shared.lock();
  if (pool)
    pool->grow(threads);
  else
    shared = pool = std::make_shared<Pool>(threads);
  return pool;
}

}  // namespace

Threads::Threads(int asked) : count_(checked(asked)), pool_(pool_of_process(count_)) {}

}  // namespace lt
