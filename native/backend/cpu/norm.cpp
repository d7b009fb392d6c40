#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::norm(Tensor y, Tensor x, const Norm& n) {
  const int64_t dim = x.cols / n.heads;
  const auto step = [](const Tensor& t) { return t.rows > 1 ? t.stride / 4 : 0; };
  each_row(y.rows, y.cols, [&](int64_t r) {
    kernels_.norm({y.row<float>(r), x.row<const float>(r), static_cast<const float*>(n.w.data), static_cast<const float*>(n.b.data),
                   step(n.w), step(n.b), dim, n.heads, n.eps, n.centred});
  });
}

}  // namespace lt::cpu
