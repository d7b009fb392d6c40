#include "core/thread_choice.h"

#include <algorithm>

namespace lt {

std::vector<int> threads_to_try(int cores, int fast, int processors) {
  std::vector<int> all = {1, cores / 8, cores / 4, cores / 2, fast, cores, processors};
  std::erase_if(all, [&](int n) { return n < 1 || n > processors; });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

int fewest_of_best(std::span<const ThreadRate> rates) {
  constexpr double near = 0.97;
  double best = 0;
  for (const ThreadRate& r : rates) best = std::max(best, r.rate);
  int fewest = 0;
  for (const ThreadRate& r : rates)
    if (r.rate >= near * best && (fewest == 0 || r.threads < fewest)) fewest = r.threads;
  return std::max(1, fewest);
}

}  // namespace lt
