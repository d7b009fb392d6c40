// y = act(g) * u.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

struct GateArgs {
  View y, g, u;
  int64_t cols;
  Act act;
};

LT_DEVICE float activate(float x, Act act) {
  switch (act) {
    case Act::silu:
      return x / (1 + expf(-x));  // Elfwing et al. 2017
  }
  return x;
}

LT_KERNEL(256) gate_columns(GateArgs p) {
  const int64_t r = block_x(), c = block_y() * threads() + thread();
  if (c < p.cols) p.y.row<float>(r)[c] = activate(p.g.row<float>(r)[c], p.act) * p.u.row<float>(r)[c];
}

}  // namespace

void Gpu::gate(Tensor y, Tensor g, Tensor u, Act act) {
  if (y.rows == 0) return;
  launch(on(), "gate", gate_columns, {y.rows, parts(y.cols, 256)}, 256, 0, {y, g, u, y.cols, act});
}

}  // namespace lt::gpu::LT_GPU
