// How large a piece of attention may be.
#pragma once
#include "backend/cpu/kernels.h"

namespace lt::cpu {

constexpr int64_t attend_page = 64;

// Query rows times heads, of which one or the other is at most attend_rows. Each has its query, its sums and those of a split in the
// panel, beside a page's keys and values, which are unpacked once for all of them.
constexpr int64_t attend_most(int64_t dim, int64_t v_dim) {
  constexpr int64_t enough = 4 * attend_rows;
  const int64_t q = (dim + 15) / 16 * 16, sums = partial_floats(v_dim);
  const int64_t most = (static_cast<int64_t>(panel_bytes / sizeof(float)) - attend_page * (q + sums)) / (q + 2 * sums);
  return most < enough ? most : enough;
}
static_assert(attend_most(attend_dim, attend_dim) >= attend_rows);

}  // namespace lt::cpu
