#include "backend/cpu/cpu.h"

namespace lt::cpu {

// The kernels know an act by its place in the list.
static_assert(static_cast<int>(Act::silu) == 1 && static_cast<int>(Act::gelu_tanh) == 3 && static_cast<int>(Act::relu2) == 5 &&
              static_cast<int>(Act::softplus) == 7 && static_cast<int>(Act::clamp) == 9 && static_cast<int>(Act::swiglu) == 10 &&
              static_cast<int>(Act::elu) == 11);

void Cpu::map(Tensor y, Tensor a, Tensor b, const Map& m) {
  const int64_t stretch = b ? y.cols / b.cols : 1;
  each_row(y.rows, y.cols, [&](int64_t r) {
    const float* other = b ? b.row<const float>(b.rows == 1 ? 0 : r) : nullptr;
    kernels_.map(static_cast<uint8_t>(m.act),
                 {y.row<float>(r), a.row<const float>(r), other, y.cols, stretch, m.adds, m.inner, m.outer, m.limit});
  });
}

}  // namespace lt::cpu
