// 32 values of 8 bits, one scale: x = d * q. The KV cache is written in it too.
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q8_0 {
  static constexpr Type id = Type{8};
  static constexpr const char* name = "Q8_0";
  static constexpr int values = 32;
  struct Block {
    uint16_t d;  // f16
    int8_t qs[32];
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const float d = half_to_float(b.d);
    for (int j = 0; j < 16; j++) y[j] = d * static_cast<float>(b.qs[16 * group + j]);
  }

  // d = max|x| / 127, q = x * (1 / d) to the nearest, ties to even, with d before its own rounding to f16. A block too small
  // for an f16 scale is all zero. A NaN or an infinity leaves a scale that is one, so it shows in whatever reads the block.
  static LT_HD void quantize(const float* x, Block& b) {
    float most = 0;
    for (int i = 0; i < 32; i++) {
      const float size = x[i] < 0 ? -x[i] : x[i];
      most = size > most || size != size ? size : most;  // once a NaN, always
    }
    const float d = most / 127;
    b.d = float_to_half(d);
    const float inverse = (b.d & 0x7fff) == 0 ? 0 : 1 / d;
    // Adding 1.5 * 2^23 leaves the rounded integer in the low bits; unlike a conversion it is defined for every x.
    for (int i = 0; i < 32; i++) b.qs[i] = static_cast<int8_t>(bits_of_float(x[i] * inverse + 12582912.0f) & 0xff);
  }
};
static_assert(sizeof(Q8_0::Block) == 34);

}  // namespace lt::quant
