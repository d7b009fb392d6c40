// y (n, m) = x (n, k) w (m, k)^T + bias for few rows of x: 32 threads an output row of w, which is read and decoded once for all of x.
//
// Order of addition, here and in matmul_tiles.h: columns in groups of 16; group g belongs to chain g mod 32, and each chain adds its
// columns ascending, one fused multiply-add each. Chains 4s to 4s + 3 make segment s, (c0 + c1) + (c2 + c3); the eight segments are
// added ascending, then the bias. A thread has a chain here, so that 32 threads share a row; four chains of neighbouring groups at a
// time are what a thread of a tile can hold.
#pragma once
#include "backend/gpu/kernels/row.h"
#include "backend/gpu/kernels/weights.h"

namespace lt::gpu::LT_GPU {

constexpr int most_decoded = tiles_from - 1;  // rows of x
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

// N: rows of x at most.
template <class T, int N>
LT_KERNEL(128)
decode_rows(MatmulArgs p) {
  LT_SHARED(float, sums, 4 * N * segments);  // (rows of w of the block, N, segments)
  const int lane = thread() % chains, mine = thread() / chains;
  const int64_t m = block_x() * 4 + mine;
  const char* row = p.w.row<char>(least(m, p.outputs - 1));
  const int n = static_cast<int>(p.rows);
  float acc[N] = {};
  for (int64_t g = lane; 16 * g < p.cols; g += chains) {
    float w[16];
    const int cols = weights16<T>(row, g, p.cols, p.wide_w, w);
    LT_UNROLL for (int r = 0; r < N; r++) {
      if (r < n) acc[r] = add_group<T>(acc[r], w, p.x.row<float>(r) + 16 * g, cols, p.wide_x);
    }
  }
  LT_UNROLL for (int r = 0; r < N; r++) {
    if (r < n) {
      float s = acc[r] + shuffle_xor(acc[r], 1);
      s += shuffle_xor(s, 2);
      if (lane % 4 == 0) sums[(mine * N + r) * segments + lane / 4] = s;
    }
  }
  sync();
  if (lane >= n || m >= p.outputs) return;
  float y = sums[(mine * N + lane) * segments];
  for (int s = 1; s < segments; s++) y += sums[(mine * N + lane) * segments + s];
  p.y.row<float>(lane)[m] = p.bias ? y + p.bias[m] : y;
}

template <class T>
void matmul_decode(Stream& stream, const MatmulArgs& p) {
  const Grid grid{parts(p.outputs, 4)};
  if (p.rows < few_from)
    launch(stream, "matmul of one row", decode_rows<T, 1>, grid, 128, 0, p);
  else
    launch(stream, "matmul of few rows", decode_rows<T, most_decoded>, grid, 128, 0, p);
}

}  // namespace lt::gpu::LT_GPU
