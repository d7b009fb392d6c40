// Su et al. 2021: each pair of columns is turned by turn * frequency, in place. A thread a pair, which turns it in eight heads.
// Angles reach 1e5, so they and their sines are computed in double.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int64_t heads_at_once = 8;

struct RopeArgs {
  View x, turns;
  const float* freqs;
  const int32_t* axes;  // null: the first
  float magnitude;
  int64_t heads, dim, start, pairs;
  bool neighbours;
};

LT_KERNEL(64) turn(RopeArgs p) {
  const int64_t r = block_x(), i = block_y() * threads() + thread();
  if (i >= p.pairs) return;
  const double angle = static_cast<double>(p.turns.row<int32_t>(r)[p.axes ? p.axes[i] : 0]) * static_cast<double>(p.freqs[i]);
  const float c = static_cast<float>(cos(angle) * static_cast<double>(p.magnitude));
  const float s = static_cast<float>(sin(angle) * static_cast<double>(p.magnitude));
  const int64_t last = least(p.heads, (block_z() + 1) * heads_at_once);
  for (int64_t h = block_z() * heads_at_once; h < last; h++) {
    float* head = p.x.row<float>(r) + h * p.dim + p.start;
    float* first = head + (p.neighbours ? 2 * i : i);
    float* second = head + (p.neighbours ? 2 * i + 1 : i + p.pairs);
    const float a = *first, b = *second;
    *first = fmaf(a, c, -(b * s));
    *second = fmaf(a, s, b * c);
  }
}

}  // namespace

void Gpu::rope(Tensor x, Tensor turns, const Rope& rope) {
  if (x.rows == 0) return;
  const RopeArgs args{x,
                      turns,
                      static_cast<const float*>(rope.freqs.data),
                      static_cast<const int32_t*>(rope.axes.data),
                      rope.magnitude,
                      rope.heads,
                      x.cols / rope.heads,
                      rope.start,
                      rope.freqs.cols,
                      rope.neighbours};
  launch(on(), "rope", turn, {x.rows, parts(args.pairs, 64), parts(args.heads, heads_at_once)}, 64, 0, args);
}

}  // namespace lt::gpu::LT_GPU
