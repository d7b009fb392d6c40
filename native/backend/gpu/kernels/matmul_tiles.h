// The same product for many rows of x, by tiles of 64 rows of w and 16 or 64 of x in shared memory; 64 columns at a time. The order of
// addition is that of matmul_decode.h: 64 columns are the four chains of one segment, so the slabs of a segment (every eighth) are
// walked together, then those of the next.
#pragma once
#include "backend/gpu/kernels/matmul_decode.h"

namespace lt::gpu::LT_GPU {

constexpr int tile = 64, tile_stride = tile + 1;  // odd: no two rows in one bank

// shared (64, 64) = rows [first, first + 64) of a matrix, which begins at row `top` of w, columns of slab `slab`; rows beyond the last
// are zero.
template <class T>
LT_DEVICE void load_weights(SharedPtr<float> to, const MatmulArgs& p, int64_t top, int64_t first, int64_t slab) {
  const int row = thread() / 4, chain = thread() % 4;
  const int64_t g = 4 * slab + chain;
  if (16 * g >= p.cols) return;
  float w[16] = {};
  int n = static_cast<int>(least(16, p.cols - 16 * g));
  if (first + row < p.outputs) n = weights16<T>(p.w.row<char>(top + first + row), g, p.cols, p.wide_w, w);
  for (int i = 0; i < n; i++) to[row * tile_stride + 16 * chain + i] = w[i];
}

// inputs: rows of x, -1: none, which is zero.
LT_DEVICE void load_inputs(SharedPtr<float> to, const MatmulArgs& p, SharedPtr<int> inputs, int count, int64_t slab) {
  const int c = thread() % tile;
  if (tile * slab + c >= p.cols) return;
  for (int r = thread() / tile; r < count; r += 256 / tile) {
    const int from = inputs[r];
    to[r * tile_stride + c] = from < 0 ? 0.0f : p.x.row<float>(from)[tile * slab + c];
  }
}

// A thread has rows ty + 16 j of x, j < J, and tx + 16 i of w, i < 4. Where there is no such matrix nothing is multiplied or added.
template <class T, int J>
LT_KERNEL(256)
multiply_tiles(MatmulArgs p) {
  LT_SHARED(float, w, tile* tile_stride);
  LT_SHARED(float, x, 16 * J * tile_stride);
  LT_SHARED(int, inputs, 16 * J);
  const int tx = thread() % 16, ty = thread() / 16;
  const int first = row_of_group<16 * J>(p, block_y(), 0);
  if (first < 0) return;  // fewer groups than there might have been
  const int matrix = matrix_of(p, first);
  const int64_t m = block_x() * tile, cols = matrix < 0 ? 0 : p.cols;
  if (thread() < 16 * J) {
    const int r = row_of_group<16 * J>(p, block_y(), thread());
    inputs[thread()] = r < 0 ? -1 : input_of(p, r);
  }
  float total[J][4];
  for (int segment = 0; segment < segments; segment++) {
    float acc[4][J][4] = {};
    for (int64_t slab = segment; tile * slab < cols; slab += segments) {
      sync();
      load_weights<T>(w, p, matrix * p.outputs, m, slab);
      load_inputs(x, p, inputs, 16 * J, slab);
      sync();
      LT_UNROLL for (int chain = 0; chain < 4; chain++) {
        const int n = static_cast<int>(least(16, cols - tile * slab - 16 * chain));
        for (int k = 16 * chain; k < 16 * chain + n; k++) {
          float wk[4];
          LT_UNROLL for (int i = 0; i < 4; i++) wk[i] = w[(tx + 16 * i) * tile_stride + k];
          LT_UNROLL for (int j = 0; j < J; j++) {
            const float xk = x[(ty + 16 * j) * tile_stride + k];
            LT_UNROLL for (int i = 0; i < 4; i++) acc[chain][j][i] = fmaf(wk[i], xk, acc[chain][j][i]);
          }
        }
      }
    }
    LT_UNROLL for (int j = 0; j < J; j++) LT_UNROLL for (int i = 0; i < 4; i++) {
      const float s = (acc[0][j][i] + acc[1][j][i]) + (acc[2][j][i] + acc[3][j][i]);
      total[j][i] = segment == 0 ? s : total[j][i] + s;
    }
  }
  LT_UNROLL for (int j = 0; j < J; j++) LT_UNROLL for (int i = 0; i < 4; i++) {
    const int r = row_of_group<16 * J>(p, block_y(), ty + 16 * j);
    const int64_t c = m + tx + 16 * i;
    if (r < 0 || c >= p.outputs) continue;
    p.y.row<float>(r)[c] = p.bias.data && matrix >= 0 ? total[j][i] + p.bias.row<float>(matrix)[c] : total[j][i];
  }
}

template <class T>
void matmul_tiles(Stream& stream, const MatmulArgs& p, int64_t at_once) {
  const Grid grid{parts(p.outputs, tile), groups_of(p, at_once)};
  if (at_once == 16)
    launch(stream, "matmul by tiles of 16 rows", multiply_tiles<T, 1>, grid, 256, 0, p);
  else
    launch(stream, "matmul by tiles of 64 rows", multiply_tiles<T, 4>, grid, 256, 0, p);
}

}  // namespace lt::gpu::LT_GPU
