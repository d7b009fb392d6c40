#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::combine(Tensor y, Tensor x, Tensor weights) {
  const int64_t used = weights.cols;
  each_row(y.rows, y.cols * used, [&](int64_t r) {
    kernels_.combine(y.row<float>(r), x.row<const float>(r * used), x.stride / 4, weights.row<const float>(r), used, y.cols);
  });
}

}  // namespace lt::cpu
