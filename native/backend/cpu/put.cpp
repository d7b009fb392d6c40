#include <cstring>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::put(Tensor y, Tensor x, Tensor at) {
  each_row(x.rows, x.cols, [&](int64_t i) {
    std::memcpy(y.row<float>(*at.row<const int32_t>(i)), x.row<const float>(i), static_cast<size_t>(x.cols) * 4);
  });
}

}  // namespace lt::cpu
