#include <algorithm>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::delta(Tensor y, Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta, State state, const Delta& d, const Rows& rows) {
  const int64_t heads = d.value_heads, size = k.cols / d.key_heads, cols = v.cols / heads, decays = decay.cols / heads;
  const int64_t parts = (cols + delta_columns - 1) / delta_columns;
  expect_panel("delta", delta_floats(size));
  each_part(rows, heads * parts, [&](const Span& s, int64_t part, int thread) {
    const int64_t head = part / parts, at = part % parts * delta_columns;
    const int64_t key = d.tiled ? head % d.key_heads : head * d.key_heads / heads;
    DeltaPiece p{};
    p.count = std::min(delta_columns, cols - at), p.cols = cols, p.rows = s.count, p.size = size;
    p.next = part % parts + 1 < parts ? delta_columns : size * cols - at;
    p.y = y.row<float>(s.first) + head * cols + at, p.y_stride = y.stride / 4;
    p.v = v.row<const float>(s.first) + head * cols + at, p.v_stride = v.stride / 4;
    p.q = q.row<const float>(s.first) + key * size, p.q_stride = q.stride / 4;
    p.k = k.row<const float>(s.first) + key * size, p.k_stride = k.stride / 4;
    p.decay = decay.row<const float>(s.first) + head * decays, p.decay_stride = decay.stride / 4, p.decay_each = decays > 1;
    p.beta = beta.row<const float>(s.first) + head, p.beta_stride = beta.stride / 4;
    p.state = state_of(state, rows, s, head * size * cols + at);
    p.panel = panel(thread);
    kernels_.delta(p);
  });
}

}  // namespace lt::cpu
