// Points of the IQ code books with their signs, scaled. The books are in the headers beside this one.
#pragma once
#include "quant/block.h"

namespace lt::quant {

// 7 sign bits stand for 8: the number of negative values is even, so bit 7 is the parity of the others.
LT_HD inline uint32_t even_signs(uint32_t index) {
  uint32_t parity = index ^ (index >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return index | (parity & 1) << 7;
}

// y[0..7] = scale * point, negative where a bit of signs is set.
LT_HD inline void iq2_point(uint32_t code, uint32_t signs, float scale, float* y) {
  static constexpr float levels[4] = {8, 25, 43, 0};
  for (int i = 0; i < 8; i++) {
    const float x = scale * levels[(code >> (2 * i)) & 3];
    y[i] = (signs >> i) & 1 ? -x : x;
  }
}

// y[0..3] likewise, of the book of IQ3_XXS.
LT_HD inline void iq3_xxs_point(uint32_t code, uint32_t signs, float scale, float* y) {
  static constexpr float levels[8] = {4, 12, 20, 28, 36, 44, 52, 62};
  for (int i = 0; i < 4; i++) {
    const float x = scale * levels[(code >> (3 * i)) & 7];
    y[i] = (signs >> i) & 1 ? -x : x;
  }
}

// y[0..3] likewise, of the book of IQ3_S.
LT_HD inline void iq3_s_point(uint32_t code, uint32_t signs, float scale, float* y) {
  for (int i = 0; i < 4; i++) {
    const float x = scale * static_cast<float>(2 * ((code >> (3 * i)) & 7) + 1);
    y[i] = (signs >> i) & 1 ? -x : x;
  }
}

// y[0..7] = scale * (point + delta).
LT_HD inline void iq1_point(uint32_t code, float delta, float scale, float* y) {
  for (int i = 0; i < 8; i++) y[i] = scale * (static_cast<float>(static_cast<int>((code >> (2 * i)) & 3) - 1) + delta);
}

}  // namespace lt::quant
