// y[r] = table[ids[r]]: a thread 16 columns.
#pragma once
#include "backend/gpu/kernels/row.h"
#include "backend/gpu/kernels/weights.h"

namespace lt::gpu::LT_GPU {

template <class T>
LT_KERNEL(64)
gather_groups(GatherArgs p) {
  const int64_t r = block_x(), g = block_y() * threads() + thread();
  if (16 * g >= p.cols) return;
  float w[16];
  const int n = weights16<T>(p.table.row<char>(*p.ids.row<int32_t>(r)), g, p.cols, false, w);
  for (int i = 0; i < n; i++) p.y.row<float>(r)[16 * g + i] = w[i];
}

template <class T>
void gather_rows(Stream& stream, int64_t rows, const GatherArgs& p) {
  launch(stream, "gather", gather_groups<T>, {rows, parts(p.cols, 16 * 64)}, 64, 0, p);
}

}  // namespace lt::gpu::LT_GPU
