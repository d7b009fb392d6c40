#include <algorithm>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

// A task has columns of x whose heads read the same group of b and c.
void Cpu::scan(Tensor y, Tensor x, Tensor dt, Tensor b, Tensor c, State state, const Scan& s, const Rows& rows) {
  const int64_t size = b.cols / s.groups, cols = x.cols / s.groups, parts = (cols + scan_columns - 1) / scan_columns;
  expect_panel("scan", scan_floats(size));
  each_part(rows, s.groups * parts, [&](const Span& span, int64_t part, int thread) {
    const int64_t group = part / parts, in_group = part % parts * scan_columns;
    ScanPiece p{};
    p.first = group * cols + in_group, p.count = std::min(scan_columns, cols - in_group), p.head = x.cols / s.heads;
    p.rows = span.count, p.size = size;
    p.y = y.row<float>(span.first) + p.first, p.y_stride = y.stride / 4;
    p.x = x.row<const float>(span.first) + p.first, p.x_stride = x.stride / 4;
    p.b = b.row<const float>(span.first) + group * size, p.b_stride = b.stride / 4;
    p.c = c.row<const float>(span.first) + group * size, p.c_stride = c.stride / 4;
    p.dt = dt.row<const float>(span.first), p.dt_stride = dt.stride / 4;
    p.a = s.a.row<const float>(0), p.a_stride = s.a.stride / 4, p.a_each = s.a.cols > 1;
    p.d = s.d.row<const float>(0);
    p.state = state_of(state, rows, span, p.first * size);
    p.panel = panel(thread);
    kernels_.scan(p);
  });
}

}  // namespace lt::cpu
