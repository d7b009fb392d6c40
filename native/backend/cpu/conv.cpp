#include <algorithm>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::conv(Tensor y, Tensor x, State state, const Conv& c, const Rows& rows) {
  const int64_t width = c.w.cols;
  expect_panel("conv", conv_floats(width));
  each_part(rows, (x.cols + conv_columns - 1) / conv_columns, [&](const Span& s, int64_t part, int thread) {
    const int64_t at = part * conv_columns;
    ConvPiece p{};
    p.y = y.row<float>(s.first) + at, p.y_stride = y.stride / 4;
    p.x = x.row<const float>(s.first) + at, p.x_stride = x.stride / 4;
    p.rows = s.count, p.count = std::min(conv_columns, x.cols - at), p.cols = x.cols;
    p.w = c.w.row<const float>(at), p.width = width, p.w_stride = c.w.stride / 4;
    p.b = c.b ? c.b.row<const float>(0) + at : nullptr;
    p.state = state_of(state, rows, s, at);
    p.panel = panel(thread);
    kernels_.conv(p);
  });
}

}  // namespace lt::cpu
