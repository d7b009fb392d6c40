#include "core/pool.h"

#include <algorithm>
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

Pool::Pool(int threads) : cores_(usable_cores()), processors_(usable_processors()), process_(process_id()) {
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
    posts_[static_cast<size_t>(t)].store(idle_post(t));
    workers_.emplace_back([this, t] { serve(t); });
    count_.store(t + 1);
  }
}

void Pool::finish() noexcept {
  stop_.store(true);
  for (Place& p : places_) wake(p, count_.load());
  for (std::thread& w : workers_) {
    if (process_ == process_id())
      w.join();
    else
      w.detach();  // after a fork the threads are the parent's
  }
  workers_.clear();
}

int Pool::groups_of(int threads) { return (std::min(threads, most_threads) + group_threads - 1) / group_threads; }

// Without a caller a worker has a group all the same, in which it waits.
Pool::Post Pool::idle_post(int worker) { return {nowhere, worker % most_threads}; }

// Of the first so many threads of the place's loops.
void Pool::wake(Place& place, int threads) noexcept {
  for (int g = 0; g < groups_of(threads); g++) place.groups[static_cast<size_t>(g)].tell();
}

// Either this sees that a worker is about to sleep, or the worker sees the epoch changed.
void Pool::Group::tell() noexcept {
  epoch.fetch_add(1);
  if (asleep.load() > 0) epoch.notify_all();
}

void Pool::wake(int threads) {
  if (count_.load() == 1) return;
  Place* const place = enter(threads);
  if (!place) return;
  wake(*place, place->share.load());
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
      posts_[static_cast<size_t>(worker++)].store({static_cast<int32_t>(of[i] - places_.data()), k});
  }
  for (; worker < count; worker++) posts_[static_cast<size_t>(worker)].store(idle_post(worker));
  for (Place& p : places_) wake(p, count);
}

// Spinning pays only while every thread has a processor: with more threads than these it takes the time of one that works.
std::chrono::microseconds Pool::spin(int threads) const { return std::chrono::microseconds(threads <= processors_ ? 50 : 0); }

void Pool::share(int threads, int64_t tasks, Call call, void* context) {
  Place* const place = enter(threads);
  const auto leave = [&] {
    if (!place) return;
    place->loops.fetch_add(1);
    place->holder.fetch_and(~in_loop);
  };
  const int limit = place && tasks <= most_tasks ? std::min({threads, place->share.load(), most_threads}) : 1;
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
  p.call = call, p.context = context, p.limit = limit;
  p.even = tasks / limit, p.more = tasks % limit;
  p.failed.store(false, std::memory_order_relaxed);
  if (++p.loop == 0) {  // numbers begin again: none of those that are kept may come once more
    for (Group& g : p.groups) {
      g.empty.store(0);
      for (Stretch& s : g.stretches) s.taken.store(0), s.served.store(0);
    }
    p.loop = 1;
  }
  // Who has no task of his own is not woken, where none of his group has.
  const int groups = groups_of(static_cast<int>(std::min<int64_t>(limit, tasks)));
  open(p, groups);
  work(p, 0);
  close(p, groups, spin(limit));
  const std::exception_ptr failure = std::exchange(p.failure, nullptr);
  leave();
  if (failure) std::rethrow_exception(failure);
}

void Pool::open(Place& p, int groups) noexcept {
  for (int g = 0; g < groups; g++) {
    Group& group = p.groups[static_cast<size_t>(g)];
    group.gate.fetch_or(opened);
    group.tell();
  }
}

// Returns when no worker is inside. One number says whether a group's gate is open and how many are inside: a worker either is counted
// here or finds it closed.
void Pool::close(Place& p, int groups, std::chrono::microseconds spin) noexcept {
  for (int g = 0; g < groups; g++) p.groups[static_cast<size_t>(g)].gate.fetch_and(~opened);
  int g = 0;
  constexpr uint32_t inside = awaited - 1;
  const auto done = [&] {
    while (g < groups && (p.groups[static_cast<size_t>(g)].gate.load() & inside) == 0) g++;
    return g == groups;
  };
  if (spin_until(spin, done)) return;
  for (; g < groups; g++) {
    std::atomic<uint32_t>& gate = p.groups[static_cast<size_t>(g)].gate;
    for (uint32_t n; ((n = gate.fetch_or(awaited) | awaited) & inside) != 0;) gate.wait(n);  // so that the one waited for has the core
    gate.fetch_and(~awaited);
  }
}

// The next task of a thread's stretch; -1: all are taken.
int64_t Pool::claim(Place& p, int thread) {
  const int64_t first = p.first(thread), count = p.first(thread + 1) - first;
  if (count == 0) return -1;
  std::atomic<uint64_t>& taken = p.stretch(thread).taken;
  const uint64_t none = uint64_t{p.loop} << 32;
  for (uint64_t seen = taken.load(std::memory_order_relaxed);;) {
    const uint64_t now = std::max(seen, none);  // of an earlier loop: a smaller number
    const auto n = static_cast<int64_t>(now - none);
    if (n >= count) return -1;
    if (taken.compare_exchange_weak(seen, now + 1, std::memory_order_relaxed)) return first + n;
  }
}

// All that are left of a thread's tasks, as thread `thread`.
void Pool::work_off(Place& p, int of, int thread) noexcept {
  for (int64_t t; !p.failed.load(std::memory_order_relaxed) && (t = claim(p, of)) >= 0;) {
    try {
      p.call(p.context, t, thread);
    } catch (...) {
      p.failed.store(true, std::memory_order_relaxed);
      const std::lock_guard lock(p.failing);
      if (!p.failure) p.failure = std::current_exception();
    }
  }
}

// A stretch that was seen empty stays so: whoever went once round all of them has seen each task taken.
void Pool::work(Place& p, int thread) noexcept {
  work_off(p, thread, thread);
  const int groups = groups_of(p.limit), own = thread / group_threads;
  for (int i = 0; i < groups; i++) {
    const int g = (own + i) % groups;
    std::atomic<uint32_t>& empty = p.groups[static_cast<size_t>(g)].empty;
    if (empty.load(std::memory_order_relaxed) == p.loop) continue;
    for (int k = 1; k <= group_threads; k++) {  // from the neighbour on, so that those who come at once find different ones
      const int of = g * group_threads + (thread + k) % group_threads;
      if (of < p.limit) work_off(p, of, thread);
    }
    empty.store(p.loop, std::memory_order_relaxed);
  }
}

void Pool::serve(int worker) noexcept {
  const std::atomic<Post>& mine = posts_[static_cast<size_t>(worker)];
  while (true) {
    const Post post = mine.load();
    Place& p = places_[static_cast<size_t>(post.place)];
    Group& group = p.groups[static_cast<size_t>(post.thread / group_threads)];
    const uint32_t seen = group.epoch.load();
    if (stop_.load()) return;
    if (mine.load() != post) continue;  // the epoch that was read may be later than the change
    if (group.gate.load() & opened) {
      if (group.gate.fetch_add(1) & opened && post.thread < p.limit) {
        // Where the threads were shared out meanwhile, another may have come with this number.
        if (p.stretch(post.thread).served.exchange(p.loop) != p.loop) work(p, post.thread);
      }
      if (group.gate.fetch_sub(1) == (awaited | 1)) group.gate.notify_all();
    }
    // Who comes too late for a loop may be in time for the next: he too spins, if his caller's threads do.
    const int among = p.share.load();
    const auto changed = [&] { return group.epoch.load() != seen; };
    if (post.thread < among && spin_until(spin(among), changed)) continue;
    group.asleep.fetch_add(1);
    group.epoch.wait(seen);
    group.asleep.fetch_sub(1);
  }
}

namespace {

int checked(int asked) {
  constexpr int most_threads = Pool::most_threads;
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
