#include <algorithm>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::wkv(Tensor y, Tensor r, Tensor k, Tensor v, Tensor decay, State state, const Wkv& w, const Rows& rows) {
  const int64_t size = k.cols / w.heads, cols = v.cols / w.heads, parts = (cols + wkv_columns - 1) / wkv_columns;
  expect_panel("wkv", wkv_floats(size));
  each_part(rows, w.heads * parts, [&](const Span& s, int64_t part, int thread) {
    const int64_t head = part / parts, at = part % parts * wkv_columns;
    const auto of_head = [&](const Tensor& t) { return t ? t.row<const float>(s.first) + head * size : nullptr; };
    WkvPiece p{};
    p.count = std::min(wkv_columns, cols - at), p.cols = cols, p.rows = s.count, p.size = size;
    p.y = y.row<float>(s.first) + head * cols + at, p.y_stride = y.stride / 4;
    p.v = v.row<const float>(s.first) + head * cols + at, p.v_stride = v.stride / 4;
    p.r = of_head(r), p.r_stride = r.stride / 4;
    p.k = of_head(k), p.k_stride = k.stride / 4;
    p.decay = of_head(decay), p.decay_stride = decay.stride / 4;
    p.removes = of_head(w.removes), p.removes_stride = w.removes.stride / 4;
    p.replaces = of_head(w.replaces), p.replaces_stride = w.replaces.stride / 4;
    p.bonus = w.bonus ? w.bonus.row<const float>(0) + head * size : nullptr;
    p.nested = w.nested;
    p.state = state_of(state, rows, s, head * size * cols + at);
    p.panel = panel(thread);
    kernels_.wkv(p);
  });
}

}  // namespace lt::cpu
