// Memory that is refused on request. This executable's operator new is allocations.cpp's, which counts what is taken and throws
// std::bad_alloc where it is told to.
#pragma once
#include <cstdint>

namespace lt::check {

enum class On { own_thread, other_threads, all_threads };  // as seen from the thread that says so

// While it lives, the n-th allocation on those threads fails, counted from 1, and as many as `in_a_row` from it on.
class RefusedAllocation {
 public:
  RefusedAllocation(int64_t n, On threads, int64_t in_a_row = 1);
  ~RefusedAllocation();
  RefusedAllocation(const RefusedAllocation&) = delete;
  RefusedAllocation& operator=(const RefusedAllocation&) = delete;
  bool refused() const;  // it came so far
};

// While it lives, its thread is refused nothing, and what it takes is not counted: what belongs to the check itself.
class SparedAllocations {
 public:
  SparedAllocations();
  ~SparedAllocations();
  SparedAllocations(const SparedAllocations&) = delete;
  SparedAllocations& operator=(const SparedAllocations&) = delete;
};

int64_t live_allocations();  // taken and not given back, by all threads

// The numbers to try, one after another: all up to `dense`, then in growing steps.
inline int64_t next_refusal(int64_t n, int64_t dense) { return n < dense ? n + 1 : n + n / 8; }

}  // namespace lt::check
