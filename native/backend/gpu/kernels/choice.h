// Which rows of y a block computes together, and which matrix of w they meet: one matrix, so that it is read once for all.
//
// Without a choice: N rows after one another. With one and without ids row r meets matrix r mod count, so that a matrix has every
// count-th row. With ids the rows of each matrix are listed (choice.cu), or a block has one row (N is 1).
#pragma once
#include "backend/gpu/kernels/weights.h"
#include "backend/gpu/memory.h"

namespace lt::gpu::LT_GPU {

// The i-th row of y of a group of N; -1: none.
template <int N>
LT_DEVICE int row_of_group(const MatmulArgs& p, int64_t group, int i) {
  if (p.list) return p.list[group * N + i];
  const int64_t row = p.chosen ? group % p.count + (group / p.count * N + i) * p.count : group * N + i;
  return row < p.results ? static_cast<int>(row) : -1;
}

// The number in w of the matrix that row r of y meets; -1: it is not there.
LT_DEVICE int matrix_of(const MatmulArgs& p, int r) {
  if (!p.chosen) return 0;
  const int m = p.ids.data ? p.ids.row<int32_t>(r / p.used)[r % p.used] - p.first : r % p.count;
  return 0 <= m && m < p.held ? m : -1;
}

// The row of x that row r of y comes of.
LT_DEVICE int input_of(const MatmulArgs& p, int r) { return p.used == 1 ? r : r / p.used; }

// Groups that may be needed, whatever the ids.
int64_t groups_of(const MatmulArgs& p, int64_t at_once);

// Lists the results of each matrix for groups of `at_once`, in `memory`, and has p read the list.
void list_results(Stream& stream, MatmulArgs& p, int64_t at_once, const DeviceMemory* memory);

}  // namespace lt::gpu::LT_GPU
