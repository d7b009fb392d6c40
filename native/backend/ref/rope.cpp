#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {

// Su et al. 2021: each pair of columns is turned by position * frequency.
void RefOps::rope(Tensor x, Tensor turns, const Rope& rope) {
  const int64_t dim = x.cols / rope.heads, pairs = rope.freqs.cols;
  for (int64_t r = 0; r < x.rows; r++) {
    for (int64_t i = 0; i < pairs; i++) {
      const int32_t axis = rope.axes ? rope.axes.row<int32_t>(0)[i] : 0;
      const double angle = static_cast<double>(turns.row<int32_t>(r)[axis]) * rope.freqs.row<float>(0)[i];
      const double c = std::cos(angle) * rope.magnitude, s = std::sin(angle) * rope.magnitude;
      for (int64_t h = 0; h < rope.heads; h++) {
        float* head = x.row<float>(r) + h * dim + rope.start;
        float& a = rope.neighbours ? head[2 * i] : head[i];
        float& b = rope.neighbours ? head[2 * i + 1] : head[i + pairs];
        const double before_a = a, before_b = b;
        a = static_cast<float>(before_a * c - before_b * s);
        b = static_cast<float>(before_a * s + before_b * c);
      }
    }
  }
}

}  // namespace lt::ref
