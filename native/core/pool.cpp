#include "core/pool.h"

#include <algorithm>
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

constexpr std::chrono::milliseconds vacated{2};  // a caller that ran no loop for so long has no share

// Unlike a thread's id, never another's. What holds a place is twice that, and one more while it is in a loop.
uint64_t caller() {
  static std::atomic<uint64_t> callers{0};
  thread_local const uint64_t number = ++callers;
  return number * 2;
}
thread_local size_t last_place = 0;

constexpr uint64_t vacant = 0, in_loop = 1;

}  // namespace

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
  const std::lock_guard lock(mutex_);
  try {
    start(threads);
  } catch (const std::system_error& e) {
    throw Error(Code::memory, "threads: expected " + std::to_string(threads) + " to run, the system refused after " +
                                  std::to_string(count_.load()) + " (" + e.what() + "); ask for fewer");
  }
  share_out();
}

void Pool::start(int threads) {
  for (int t = count_.load(); t < std::min(threads, most_workers); t++) {
    place_of_[static_cast<size_t>(t)].store(nowhere);
    workers_.emplace_back([this, t] { serve(t); });
    count_.store(t + 1);
  }
}

void Pool::finish() noexcept {
  stop_.store(true);
  for (Place& p : places_) wake(p);
  for (std::thread& w : workers_) {
    if (process_ == process_id())
      w.join();
    else
      w.detach();  // after a fork the threads are the parent's
  }
  workers_.clear();
}

void Pool::wake(Place& place) noexcept {
  place.epoch.fetch_add(1);
  place.epoch.notify_all();
}

void Pool::wake(int threads) {
  if (count_.load() == 1) return;
  Place* const place = enter(threads);
  if (!place) return;
  wake(*place);
  place->holder.fetch_and(~in_loop);
}

// The caller's place, now busy; null where there are more callers than places.
Pool::Place* Pool::enter(int threads) {
  const uint64_t self = caller();
  Place* place = &places_[last_place];
  uint64_t expected = self;
  if (!place->holder.compare_exchange_strong(expected, self | in_loop)) {
    const std::lock_guard lock(mutex_);
    const auto end = places_.end() - 1;
    place = std::find_if(places_.begin(), end, [](const Place& p) { return p.holder.load() == vacant; });
    if (place == end) return nullptr;
    place->asked = threads;
    place->loops_seen = place->loops.load();
    place->seen = Clock::now();
    place->holder.store(self | in_loop);
    last_place = static_cast<size_t>(place - places_.begin());
    taken_.fetch_add(1);
    share_out();
  } else if (place->asked < threads) {
    const std::lock_guard lock(mutex_);
    place->asked = threads;
    share_out();
  }
  if (taken_.load() > 1) look_around(*place);
  return place;
}

// Who has run no loop for a while leaves its place.
void Pool::look_around(const Place& own) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  bool left = false;
  for (Place& p : places_) {
    const uint64_t loops = p.loops.load();
    if (&p == &own || p.holder.load() == vacant) continue;
    if (loops != p.loops_seen) {
      p.loops_seen = loops;
      p.seen = now;
      continue;
    }
    uint64_t outside = p.holder.load() & ~in_loop;
    if (now - p.seen < vacated || outside == vacant || !p.holder.compare_exchange_strong(outside, vacant)) continue;
    taken_.fetch_sub(1);
    left = true;
  }
  if (left) share_out();
}

// Equal shares, and what one does not want is the others'. Where they want more than there are, and there are cores, more are started.
void Pool::share_out() noexcept {
  std::array<Place*, places> of{};
  size_t n = 0;
  int wanted = 0;
  for (Place& p : places_)
    if (p.holder.load() != vacant) {
      of[n++] = &p;
      wanted += p.asked;
    }
  try {
    start(std::min(wanted, cores_));
  } catch (...) {  // then there are those that there were
  }
  std::sort(of.begin(), of.begin() + n, [](const Place* a, const Place* b) { return a->asked < b->asked; });
  const int count = count_.load();
  int left = count, worker = 1;
  for (size_t i = 0; i < n; i++) {
    const int share = std::min(of[i]->asked, std::max(1, left / static_cast<int>(n - i)));
    left -= share;
    of[i]->share.store(share);
    for (int k = 1; k < share && worker < count; k++)
      place_of_[static_cast<size_t>(worker++)].store(static_cast<int>(of[i] - places_.data()));
  }
  while (worker < count) place_of_[static_cast<size_t>(worker++)].store(nowhere);
  for (Place& p : places_) wake(p);
}

// Spinning pays only while every thread has a core: with more threads than cores it takes the time of one that works.
std::chrono::microseconds Pool::spin(int threads) const { return std::chrono::microseconds(threads <= cores_ ? 50 : 0); }

void Pool::share(int threads, int64_t tasks, Call call, void* context) {
  Place* const place = enter(threads);
  const auto leave = [&] {
    if (!place) return;
    place->loops.fetch_add(1);
    place->holder.fetch_and(~in_loop);
  };
  const int limit = place ? std::min(threads, place->share.load()) : 1;
  if (limit == 1) {
    try {
      for (int64_t t = 0; t < tasks; t++) call(context, t, 0);
    } catch (...) {
      leave();
      throw;
    }
    return leave();
  }
  Place& p = *place;
  p.call = call, p.context = context, p.tasks = tasks, p.limit = limit;
  p.next.store(0, std::memory_order_relaxed);
  p.joined.store(0, std::memory_order_relaxed);
  p.open.store(true);
  wake(p);
  work(p, 0);
  // Either a worker sees the loop closed, or this sees the worker inside: both orders are sequentially consistent.
  p.open.store(false);
  const auto done = [&] { return p.inside.load() == 0; };
  if (!spin_until(spin(limit), done))
    for (int n; (n = p.inside.load()) != 0;) p.inside.wait(n);  // asleep, so that the thread waited for has the core
  const std::exception_ptr failure = std::exchange(p.failure, nullptr);
  leave();
  if (failure) std::rethrow_exception(failure);
}

void Pool::work(Place& p, int thread) noexcept {
  for (int64_t t; (t = p.next.fetch_add(1, std::memory_order_relaxed)) < p.tasks;) {
    try {
      p.call(p.context, t, thread);
    } catch (...) {
      p.next.store(p.tasks, std::memory_order_relaxed);
      const std::lock_guard lock(p.failing);
      if (!p.failure) p.failure = std::current_exception();
    }
  }
}

void Pool::serve(int worker) noexcept {
  const std::atomic<int>& mine = place_of_[static_cast<size_t>(worker)];
  while (true) {
    const int at = mine.load();
    Place& p = places_[static_cast<size_t>(at)];
    const uint32_t seen = p.epoch.load();
    if (stop_.load()) return;
    if (mine.load() != at) continue;              // the epoch that was read may be later than the change
    int among = std::numeric_limits<int>::max();  // threads of this loop, where this is one of them
    p.inside.fetch_add(1);
    if (p.open.load()) {
      const int thread = p.joined.fetch_add(1) + 1;
      if (thread < p.limit) {
        among = p.limit;
        work(p, thread);
      }
    }
    if (p.inside.fetch_sub(1) == 1) p.inside.notify_all();
    const auto changed = [&] { return p.epoch.load() != seen; };
    if (!spin_until(spin(among), changed)) p.epoch.wait(seen);
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
