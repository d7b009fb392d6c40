// Su et al. 2021: each pair of columns is turned by position * frequency, in place. A thread a pair, which turns it in eight heads.
// Angles reach 1e5, so they and their sines are computed in double.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int64_t heads_at_once = 8;

struct RopeArgs {
  View x, positions;
  const float* freqs;
  float magnitude;
  int64_t heads, dim, pairs;
  bool neighbours;
};

LT_KERNEL(64) turn(RopeArgs p) {
  const int64_t r = block_x(), i = block_y() * threads() + thread();
  if (i >= p.pairs) return;
  const double angle = static_cast<double>(*p.positions.row<int32_t>(r)) * static_cast<double>(p.freqs[i]);
  const float c = static_cast<float>(cos(angle) * static_cast<double>(p.magnitude));
  const float s = static_cast<float>(sin(angle) * static_cast<double>(p.magnitude));
  const int64_t last = least(p.heads, (block_z() + 1) * heads_at_once);
  for (int64_t h = block_z() * heads_at_once; h < last; h++) {
    float* head = p.x.row<float>(r) + h * p.dim;
    float* first = head + (p.neighbours ? 2 * i : i);
    float* second = head + (p.neighbours ? 2 * i + 1 : i + p.pairs);
    const float a = *first, b = *second;
    *first = fmaf(a, c, -(b * s));
    *second = fmaf(a, s, b * c);
  }
}

}  // namespace

void Gpu::rope(Tensor x, Tensor positions, const Rope& rope) {
  if (x.rows == 0) return;
  const RopeArgs args{x,
                      positions,
                      static_cast<const float*>(rope.freqs.data),
                      rope.magnitude,
                      rope.heads,
                      x.cols / rope.heads,
                      rope.freqs.cols,
                      rope.neighbours};
  launch(on(), "rope", turn, {x.rows, parts(args.pairs, 64), parts(args.heads, heads_at_once)}, 64, 0, args);
}

}  // namespace lt::gpu::LT_GPU
