#include "sample/repeats.h"

#include <algorithm>

namespace lt::sample {

std::vector<size_t> same_as_end(std::span<const int32_t> text, size_t most) {
  const size_t n = text.size();
  std::vector<size_t> same(n, 0);
  if (n == 0) return same;
  const auto back = [&](size_t k) { return text[n - 1 - k]; };  // counted from the end
  same[n - 1] = std::min(n, most);
  // [left, right): the stretch found so far that reaches furthest back and is the same as the beginning, seen from the end.
  for (size_t k = 1, left = 0, right = 0; k < n; k++) {
    size_t length = k < right ? std::min(right - k, same[n - 1 - (k - left)]) : 0;
    while (k + length < n && length < most && back(length) == back(k + length)) length++;
    if (k + length > right) left = k, right = k + length;
    same[n - 1 - k] = length;
  }
  return same;
}

}  // namespace lt::sample
