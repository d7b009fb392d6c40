#include "core/splits.h"

#include <algorithm>
#include <bit>

namespace lt {

// Sixteen rows of any length always fit, more where they are shorter or share the cache between them.
int64_t HostSplits::bound(int64_t rows, int64_t positions) { return std::min<int64_t>(rows, 16) * Splits::count(positions); }

void HostSplits::list(std::span<const int32_t> positions, int64_t bound) {
  entries.clear();
  firsts.clear();
  if (std::ssize(positions) > most_rows) return;
  int64_t all = 0;
  for (const int32_t p : positions) all += Splits::count(int64_t{p} + 1);
  if (all == std::ssize(positions) || all > bound) return;
  for (size_t r = 0; r < positions.size(); r++) {
    firsts.push_back(static_cast<int32_t>(count()));
    for (int64_t s = 0; s < Splits::count(int64_t{positions[r]} + 1); s++)
      entries.insert(entries.end(), {static_cast<int32_t>(r), static_cast<int32_t>(s)});
  }
  const auto padded = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(all)));
  entries.resize(static_cast<size_t>(2 * std::min(padded, bound)), -1);
}

}  // namespace lt
