// A loop over rows on several threads, for work between two steps that is long enough to start threads for.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>

#include "engine/beside.h"

namespace lt::measuring {

// Calls each(i) for every i of [0, count) on at most `threads` threads. What one of them throws is thrown here.
inline void in_parallel(int threads, int64_t count, const std::function<void(int64_t)>& each) {
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t i; (i = next.fetch_add(1)) < count;) each(i);
  };
  std::deque<engine::Beside> others;
  for (int64_t t = 1; t < threads && t < count; t++) others.emplace_back(work);
  work();
  for (engine::Beside& other : others) other.join();
}

}  // namespace lt::measuring
