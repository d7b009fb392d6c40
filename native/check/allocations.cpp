#include "check/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>
#if defined(_WIN32)
#include <malloc.h>
#endif

namespace lt::check {
namespace {

std::atomic<int64_t> first{0}, last{0};  // refused of those counted; first 0: nothing is
std::atomic<int64_t> counted{0}, live{0};
std::atomic<On> chosen{On::all_threads};
std::atomic<uint32_t> round{0};
thread_local uint32_t chooser = 0;  // the round that this thread began
thread_local int spared = 0;

bool is_chosen() {
  const bool own = chooser == round.load();
  const On on = chosen.load();
  return spared == 0 && (on == On::all_threads || own == (on == On::own_thread));
}

void* take(std::size_t bytes, std::size_t alignment) {
  if (first.load() > 0 && is_chosen()) {
    const int64_t n = ++counted;
    if (n >= first.load() && n <= last.load()) throw std::bad_alloc();
  }
  if (bytes == 0) bytes = 1;
#if defined(_WIN32)
  void* p = alignment ? _aligned_malloc(bytes, alignment) : std::malloc(bytes);
#else
  void* p = alignment ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment) : std::malloc(bytes);
#endif
  if (!p) throw std::bad_alloc();
  live.fetch_add(1, std::memory_order_relaxed);
  return p;
}

void* take_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  try {
    return take(bytes, alignment);
  } catch (...) {
    return nullptr;
  }
}

void give_back(void* p, [[maybe_unused]] bool aligned) {
  if (!p) return;
  live.fetch_sub(1, std::memory_order_relaxed);
#if defined(_WIN32)
  if (aligned) return _aligned_free(p);
#endif
  std::free(p);
}

}  // namespace

RefusedAllocation::RefusedAllocation(int64_t n, On threads, int64_t in_a_row) {
  chooser = ++round;
  chosen = threads;
  counted = 0;
  last = n + in_a_row - 1;
  first = n;
}

RefusedAllocation::~RefusedAllocation() { first = 0; }

bool RefusedAllocation::refused() const { return counted.load() >= first.load(); }

SparedAllocations::SparedAllocations() { spared++; }
SparedAllocations::~SparedAllocations() { spared--; }

int64_t live_allocations() { return live.load(); }

}  // namespace lt::check

// All forms, so that none is a sanitizer's own.
void* operator new(std::size_t bytes) { return lt::check::take(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return lt::check::take(bytes, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t bytes) { return lt::check::take(bytes, 0); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return lt::check::take(bytes, static_cast<std::size_t>(alignment)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return lt::check::take_or_null(bytes, 0); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return lt::check::take_or_null(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return lt::check::take_or_null(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return lt::check::take_or_null(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept { lt::check::give_back(p, false); }
void operator delete(void* p, std::size_t) noexcept { lt::check::give_back(p, false); }
void operator delete(void* p, std::align_val_t) noexcept { lt::check::give_back(p, true); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { lt::check::give_back(p, true); }
void operator delete[](void* p) noexcept { lt::check::give_back(p, false); }
void operator delete[](void* p, std::size_t) noexcept { lt::check::give_back(p, false); }
void operator delete[](void* p, std::align_val_t) noexcept { lt::check::give_back(p, true); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { lt::check::give_back(p, true); }
void operator delete(void* p, const std::nothrow_t&) noexcept { lt::check::give_back(p, false); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { lt::check::give_back(p, false); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { lt::check::give_back(p, true); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { lt::check::give_back(p, true); }
