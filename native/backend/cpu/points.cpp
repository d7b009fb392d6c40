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

// Fields of a code, three bits each, as nibbles: factor * field + term.
uint16_t nibbles(uint32_t code, uint32_t factor, uint32_t term) {
  uint32_t word = 0;
  for (uint32_t i = 0; i < 4; i++) word |= ((code >> 3 * i & 7) * factor + term) << 4 * i;
  return static_cast<uint16_t>(word);
}

// Pairs of bits, even ones first.
uint16_t sorted_pairs(uint32_t code) {
  uint32_t word = 0;
  for (uint32_t i = 0; i < 8; i++) word |= (code >> 2 * i & 3) << (i / 2 * 2 + i % 2 * 8);
  return static_cast<uint16_t>(word);
}

}  // namespace

Points::Points() {
  fill(iq2_xxs, [](uint32_t i, float* x) { quant::iq2_point(quant::iq2_xxs_code(i), 0, 1, x); });
  fill(iq2_xs, [](uint32_t i, float* x) { quant::iq2_point(quant::iq2_xs_code(i), 0, 1, x); });
  fill(iq2_s, [](uint32_t i, float* x) { quant::iq2_point(quant::iq2_s_code(i), 0, 1, x); });
  fill(iq3_xxs, [](uint32_t i, float* x) { quant::iq3_xxs_point(quant::iq3_xxs_code(i), 0, 1, x); });
  fill(iq3_s, [](uint32_t i, float* x) { quant::iq3_s_point(quant::iq3_s_code(i), 0, 1, x); });
  for (uint32_t i = 0; i < std::size(iq3_s_nibbles); i++) iq3_s_nibbles[i] = nibbles(quant::iq3_s_code(i), 2, 1);
  for (uint32_t i = 0; i < std::size(iq3_xxs_nibbles); i++) iq3_xxs_nibbles[i] = nibbles(quant::iq3_xxs_code(i), 1, 0);
  for (uint32_t i = 0; i < std::size(iq2_xxs_pairs); i++) iq2_xxs_pairs[i] = sorted_pairs(quant::iq2_xxs_code(i));
  for (uint32_t i = 0; i < std::size(iq2_xs_pairs); i++) iq2_xs_pairs[i] = sorted_pairs(quant::iq2_xs_code(i));
  for (uint32_t i = 0; i < std::size(iq2_s_pairs); i++) iq2_s_pairs[i] = sorted_pairs(quant::iq2_s_code(i));
  fill(iq1, [](uint32_t i, float* x) { quant::iq1_point(quant::iq1_s_code(i), 31.0f / 8, 8, x); });
}

const Points points;

}  // namespace lt::cpu
