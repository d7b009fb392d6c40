// Attention's work list. A row walks the positions that it sees in splits of 512 absolute positions, each from a fresh start, and the
// splits are merged in ascending order, so that the sums do not depend on who computed a split. Where a step has few rows, each split
// is work of its own: the host lists the splits that the rows really see, and the lists lie in fixed tensors, so that a recorded pass
// reads those of its step.
#pragma once
#include <span>
#include <vector>

#include "core/tensor.h"

namespace lt {

// As backends see it; without entries each row walks its splits alone.
struct Splits {
  static constexpr int64_t positions = 512;

  Tensor entries;  // i32 (entries, 2): a row and the number of its split, rows ascending, splits ascending; row -1: no work
  Tensor firsts;   // i32 (n, 1): the entry of each row's split 0; its others follow

  static constexpr int64_t count(int64_t positions_seen) { return (positions_seen + positions - 1) / positions; }
};

// As the host makes it.
struct HostSplits {
  static constexpr int64_t most_rows = 64;  // more fill any device without

  std::vector<int32_t> entries, firsts;

  // Entries at most, of steps of up to `rows` rows in a cache of `positions` positions: what partial results are kept for.
  static int64_t bound(int64_t rows, int64_t positions);

  // Of rows at these positions, windows left aside: a split that a window hides is left by who comes to it. No entries where no row
  // sees two splits, and where there are enough rows without. Else a power of two of them, at most `bound`, so that steps of nearly
  // the same lengths can run one recording.
  void list(std::span<const int32_t> positions, int64_t bound);
  int64_t count() const { return static_cast<int64_t>(entries.size()) / 2; }
};

}  // namespace lt
