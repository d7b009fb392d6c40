// y[r][c] = b[c] + the sum over i < width, ascending, of x[r - width + 1 + i][c] * w[c][i], one fused multiply-add each. A thread a
// sequence and column, which keeps the last rows of the column in a ring. Eight rows are read at a time, so that one is not waited for
// after the other.
#include "backend/gpu/backend.h"
#include "backend/gpu/kernels/sequence.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int conv_columns = 64, rows_ahead = 8;

struct ConvArgs {
  SequenceArgs rows;
  View y, x, w;
  const float* b;  // null: none
  int64_t cols;
  int width;
};

// The column's last `width` values: value i of them, the oldest first, in place (oldest + i) % width.
struct Ring {
  SharedPtr<float> values;
  int width, oldest;
  LT_DEVICE int64_t at(int i) const {
    const int place = oldest + i;
    return (place < width ? place : place - width) * conv_columns + thread();
  }
  // In the oldest's stead.
  LT_DEVICE void push(float x) {
    values[at(0)] = x;
    oldest = oldest + 1 < width ? oldest + 1 : 0;
  }
};

LT_DEVICE void convolve_row(const ConvArgs& p, Ring& ring, int64_t r, int64_t c, float x) {
  ring.push(x);
  const float* w = p.w.row<float>(c);
  float sum = p.b ? p.b[c] : 0;
  for (int i = 0; i < p.width; i++) sum = fmaf(ring.values[ring.at(i)], w[i], sum);
  p.y.row<float>(r)[c] = sum;
  float* const kept = kept_after(p.rows, r);
  for (int i = 1; kept && i < p.width; i++) kept[(i - 1) * p.cols + c] = ring.values[ring.at(i)];
}

LT_KERNEL(conv_columns) convolve(ConvArgs p) {
  LT_SHARED_DYNAMIC(float, values);
  const int64_t c = block_y() * conv_columns + thread();
  if (c >= p.cols) return;
  const Walk walk = walk_of(p.rows, block_x());
  Ring ring{values, p.width, 0};
  ring.push(0);
  for (int i = 0; i + 1 < p.width; i++) ring.push(walk.state ? walk.state[i * p.cols + c] : 0);
  for (int64_t r = walk.first; r < walk.last; r += rows_ahead) {
    float x[rows_ahead];
    LT_UNROLL for (int i = 0; i < rows_ahead; i++) x[i] = r + i < walk.last ? p.x.row<float>(r + i)[c] : 0;
    LT_UNROLL for (int i = 0; i < rows_ahead; i++) {
      if (r + i < walk.last) convolve_row(p, ring, r + i, c, x[i]);
    }
  }
}

}  // namespace

void Gpu::conv(Tensor y, Tensor x, State state, const Conv& conv, const Rows& rows) {
  if (x.rows == 0) return;
  ConvArgs args{{state, rows}, y, x, conv.w, static_cast<const float*>(conv.b.data), x.cols, static_cast<int>(conv.w.cols)};
  const Grid grid{sequences_of(rows), parts(x.cols, conv_columns)};
  launch(on(), "conv", convolve, grid, conv_columns, static_cast<size_t>(args.width * conv_columns) * 4, args);
}

}  // namespace lt::gpu::LT_GPU
