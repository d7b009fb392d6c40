#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) {
  each_row(y.rows, y.cols, [&](int64_t r) {
    kernels_.rms_norm(y.row<float>(r), x.row<const float>(r), static_cast<const float*>(w.data), eps, x.cols / heads, heads);
  });
}

}  // namespace lt::cpu
