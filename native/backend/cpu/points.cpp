#include "backend/cpu/points.h"

#include <iterator>

#include "quant/grids/iq1_s.h"
#include "quant/grids/iq2_s.h"
#include "quant/grids/iq2_xs.h"
#include "quant/grids/iq2_xxs.h"
#include "quant/grids/iq3_s.h"
#include "quant/grids/iq3_xxs.h"
#include "quant/grids/point.h"

namespace lt::cpu {
namespace {

// values of a point, a byte each.
template <class Word, size_t n, class F>
void fill(Word (&points)[n], F point) {
  for (uint32_t i = 0; i < n; i++) {
    float x[sizeof(Word)];
    point(i, x);
    points[i] = 0;
    for (size_t k = 0; k < sizeof(Word); k++) points[i] |= static_cast<Word>(static_cast<uint8_t>(x[k])) << 8 * k;
  }
}

}  // namespace

Points::Points() {
  fill(iq2_xxs, [](uint32_t i, float* x) { quant::iq2_point(quant::iq2_xxs_code(i), 0, 1, x); });
  fill(iq2_xs, [](uint32_t i, float* x) { quant::iq2_point(quant::iq2_xs_code(i), 0, 1, x); });
  fill(iq2_s, [](uint32_t i, float* x) { quant::iq2_point(quant::iq2_s_code(i), 0, 1, x); });
  fill(iq3_xxs, [](uint32_t i, float* x) { quant::iq3_xxs_point(quant::iq3_xxs_code(i), 0, 1, x); });
  fill(iq3_s, [](uint32_t i, float* x) { quant::iq3_s_point(quant::iq3_s_code(i), 0, 1, x); });
  fill(iq1, [](uint32_t i, float* x) { quant::iq1_point(quant::iq1_s_code(i), 31.0f / 8, 8, x); });
}

const Points points;

}  // namespace lt::cpu
