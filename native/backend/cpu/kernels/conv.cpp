// A depthwise convolution over time: y[r][c] = b[c] + the sum over i, ascending, of x[r - width + 1 + i][c] * w[c][i], one fused
// multiply-add each. What the slot held is copied first: a row may keep its state there.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {
namespace {

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// In the panel: the weights (width, conv_columns), the rows before (width - 1, conv_columns).
struct Work {
  float *w, *before;
};

Work work_of(const ConvPiece& p) {
  float* at = reinterpret_cast<float*>(p.panel);
  const Work work{at, at + p.width * conv_columns};
  for (int64_t c = 0; c < p.count; c++)
    for (int64_t i = 0; i < p.width; i++) work.w[i * conv_columns + c] = p.w[c * p.w_stride + i];
  const auto bytes = static_cast<size_t>(p.count) * 4;
  for (int64_t i = 0; i + 1 < p.width; i++) {
    float* to = work.before + i * conv_columns;
    p.state.before ? memcpy(to, p.state.before + i * p.cols, bytes) : memset(to, 0, bytes);
  }
  return work;
}

// Row r of x; of those before the first, r < 0, what the state held.
const float* row(const ConvPiece& p, const Work& work, int64_t r) {
  return r >= 0 ? p.x + r * p.x_stride : work.before + (p.width - 1 + r) * conv_columns;
}

void convolve(const ConvPiece& p, const Work& work, int64_t r) {
  for (int64_t c = 0; c < p.count; c += 16) {
    const int64_t n = least(16, p.count - c);
    f32x16 sum = p.b ? load(p.b + c, n) : zero();
    for (int64_t i = 0; i < p.width; i++)
      sum = fma(load(row(p, work, r - p.width + 1 + i) + c, n), load(work.w + i * conv_columns + c, n), sum);
    store(p.y + r * p.y_stride + c, sum, n);
  }
}

}  // namespace

void conv(const ConvPiece& p) {
  const Work work = work_of(p);
  for (int64_t r = 0; r < p.rows; r++) {
    convolve(p, work, r);
    const int32_t slot = p.state.writes[r * p.state.writes_stride];
    for (int64_t i = 0; slot >= 0 && i + 1 < p.width; i++)
      memcpy(p.state.slots + slot * p.state.slot_stride + i * p.cols, row(p, work, r - p.width + 2 + i), static_cast<size_t>(p.count) * 4);
  }
}

}  // namespace lt::cpu::LT_ISA
