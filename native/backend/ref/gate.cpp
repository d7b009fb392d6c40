#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {
namespace {

double activate(double x, Act act) {
  switch (act) {
    case Act::silu:
      return x / (1 + std::exp(-x));  // Elfwing et al. 2017
  }
  return x;
}

}  // namespace

void RefOps::gate(Tensor y, Tensor g, Tensor u, Act act) {
  for (int64_t r = 0; r < y.rows; r++)
    for (int64_t c = 0; c < y.cols; c++) y.row<float>(r)[c] = static_cast<float>(activate(g.row<float>(r)[c], act) * u.row<float>(r)[c]);
}

}  // namespace lt::ref
