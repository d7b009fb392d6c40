// y (n, m) = x (n, k) w (m, k)^T + bias for few rows of x: 32 threads an output row of w, which is read and decoded once for all of x.
//
// Order of addition, here and in matmul_tiles.h: columns in groups of 16; group g belongs to chain g mod 32, and each chain adds its
// columns ascending, one fused multiply-add each. Chains 4s to 4s + 3 make segment s, (c0 + c1) + (c2 + c3); the eight segments are
// added ascending, then the bias. A thread has a chain here, so that 32 threads share a row; four chains of neighbouring groups at a
// time are what a thread of a tile can hold.
#pragma once
#include "backend/gpu/kernels/choice.h"
#include "backend/gpu/kernels/row.h"

namespace lt::gpu::LT_GPU {

constexpr int most_decoded = at_once_of(tiles_from - 1);  // rows of x
constexpr int chains = 32, segments = chains / 4;

// acc plus the products of a group of columns.
template <class T>
LT_DEVICE float add_group(float acc, const float (&w)[16], const float* x, int cols, bool wide) {
  if (T::values == 1 && cols < 16) {
    for (int i = 0; i < cols; i++) acc = fmaf(w[i], x[i], acc);
    return acc;
  }
  float xs[16];
  load16(xs, x, wide);
  LT_UNROLL for (int i = 0; i < 16; i++) acc = fmaf(w[i], xs[i], acc);
  return acc;
}

// N: rows of y at most, of one matrix. Where there is no such matrix nothing is multiplied or added.
template <class T, int N>
LT_KERNEL(128)
decode_rows(MatmulArgs p) {
  LT_SHARED(float, sums, 4 * N * segments);  // (rows of w of the block, N, segments)
  const int lane = thread() % chains, mine = thread() / chains;
  const int first = row_of_group<N>(p, block_y(), 0);
  if (first < 0) return;  // fewer groups than there might have been
  const int matrix = matrix_of(p, first);
  const int64_t m = block_x() * 4 + mine, cols = matrix < 0 ? 0 : p.cols;
  const char* row = p.w.row<char>(most(matrix, 0) * p.outputs + least(m, p.outputs - 1));
  const float* x[N];
  LT_UNROLL for (int i = 0; i < N; i++) {
    const int r = row_of_group<N>(p, block_y(), i);
    x[i] = r < 0 ? nullptr : p.x.row<float>(input_of(p, r));
  }
  float acc[N] = {};
  for (int64_t g = lane; 16 * g < cols; g += chains) {
    float w[16];
    const int n = weights16<T>(row, g, cols, p.wide_w, w);
    LT_UNROLL for (int i = 0; i < N; i++) {
      if (x[i]) acc[i] = add_group<T>(acc[i], w, x[i] + 16 * g, n, p.wide_x);
    }
  }
  LT_UNROLL for (int i = 0; i < N; i++) {
    if (x[i]) {
      float s = acc[i] + shuffle_xor(acc[i], 1);
      s += shuffle_xor(s, 2);
      if (lane % 4 == 0) sums[(mine * N + i) * segments + lane / 4] = s;
    }
  }
  sync();
  const int r = lane < N ? row_of_group<N>(p, block_y(), lane) : -1;
  if (r < 0 || m >= p.outputs) return;
  float y = sums[(mine * N + lane) * segments];
  for (int s = 1; s < segments; s++) y += sums[(mine * N + lane) * segments + s];
  p.y.row<float>(r)[m] = p.bias.data && matrix >= 0 ? y + p.bias.row<float>(matrix)[m] : y;
}

template <class T>
void matmul_decode(Stream& stream, const MatmulArgs& p, int64_t at_once) {
  const Grid grid{parts(p.outputs, 4), groups_of(p, at_once)};
  if (at_once == 1)
    launch(stream, "matmul of one row", decode_rows<T, 1>, grid, 128, 0, p);
  else
    launch(stream, "matmul of few rows", decode_rows<T, most_decoded>, grid, 128, 0, p);
}

}  // namespace lt::gpu::LT_GPU
