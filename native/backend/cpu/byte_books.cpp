#include "backend/cpu/byte_books.h"

#include "quant/grids/iq1_s.h"
#include "quant/grids/iq2_s.h"
#include "quant/grids/iq2_xs.h"
#include "quant/grids/iq2_xxs.h"
#include "quant/grids/iq3_s.h"
#include "quant/grids/iq3_xxs.h"
#include "quant/grids/point.h"

namespace lt::cpu {
namespace {

template <size_t n, class F>
void points_of_four(uint8_t (&to)[2][n], F code) {
  for (uint32_t i = 0; i < n; i++) {
    const auto level = [&](int p) { return code(i) >> 3 * p & 7; };
    for (int k = 0; k < 2; k++) to[k][i] = static_cast<uint8_t>(level(2 + k) | level(k) << 3);
  }
}

// Byte k of a point of eight.
uint8_t half_of_eight(uint32_t code, int k) {
  const auto level = [=](int p) { return code >> 2 * p & 3; };
  return static_cast<uint8_t>(level(4 * k + 2) | level(4 * k) << 2 | level(4 * k + 1) << 4 | level(4 * k + 3) << 6);
}

template <size_t n, class F>
void points_of_eight(uint8_t (&to)[2][n], F code) {
  for (uint32_t i = 0; i < n; i++)
    for (int k = 0; k < 2; k++) to[k][i] = half_of_eight(code(i), k);
}

void points_of_iq1(ByteBooks& to) {
  const auto half = [](uint32_t i, int k) { return half_of_eight(quant::iq1_s_code(i), k); };
  for (uint32_t i = 0; i < 2048; i++) to.iq1[i] = half(i, 0);
  for (uint32_t i = 0; i < 128; i++) {
    uint32_t up_to = 16 * i;
    to.iq1_first[i] = half(up_to, 1), to.iq1_last[i] = half(up_to + 15, 1);
    while (up_to % 16 < 15 && half(up_to + 1, 1) == to.iq1_first[i]) up_to++;
    to.iq1_first_up_to[i] = static_cast<uint8_t>(up_to);
  }
}

// value(level, negative)
template <class F>
void weights_of_four(uint8_t (&to)[4][64], F value) {
  for (uint32_t p = 0; p < 4; p++)
    for (uint32_t i = 0; i < 64; i++) to[p][i] = static_cast<uint8_t>(128 + value(i >> (p < 2 ? 3 : 0) & 7, i >> (p + 1) & 1));
}

template <class F>
void weights_of_eight(uint8_t (&to)[4][64], F value) {
  constexpr uint32_t at[4] = {2, 4, 0, 4};
  for (uint32_t p = 0; p < 4; p++)
    for (uint32_t i = 0; i < 64; i++) to[p][i] = static_cast<uint8_t>(128 + value(i >> at[p] & 3, i >> p & 1));
}

}  // namespace

ByteBooks::ByteBooks() {
  points_of_four(iq3_s, quant::iq3_s_code);
  points_of_four(iq3_xxs, quant::iq3_xxs_code);
  points_of_eight(iq2_xxs, quant::iq2_xxs_code);
  points_of_eight(iq2_xs, quant::iq2_xs_code);
  points_of_eight(iq2_s, quant::iq2_s_code);
  points_of_iq1(*this);
  const auto first = [](auto point, uint32_t code, uint32_t negative) {
    float x[8];
    point(code, negative, 1.0f, x);
    return static_cast<int>(x[0]);
  };
  weights_of_four(iq3_s_weights, [&](uint32_t level, uint32_t negative) { return first(quant::iq3_s_point, level, negative); });
  weights_of_four(iq3_xxs_weights, [&](uint32_t level, uint32_t negative) { return first(quant::iq3_xxs_point, level, negative); });
  weights_of_eight(iq2_weights, [&](uint32_t level, uint32_t negative) { return first(quant::iq2_point, level, negative); });
  weights_of_eight(iq1_weights, [](uint32_t level, uint32_t down) {  // eighths
    float x[8];
    quant::iq1_point(level, down ? -0.125f : 0.125f, 8, x);
    return static_cast<int>(x[0]);
  });
  for (uint32_t i = 0; i < 128; i++) even_signs[i] = static_cast<uint8_t>(quant::even_signs(i));
}

const ByteBooks byte_books;

}  // namespace lt::cpu
