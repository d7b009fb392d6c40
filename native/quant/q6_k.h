// 256 values of 6 bits around 32; sixteen sub-blocks of 16 with an 8-bit scale: x = d * scale * (q - 32).
#pragma once
#include "quant/block.h"

namespace lt::quant {

struct Q6_K {
  static constexpr Type id = Type{14};
  static constexpr const char* name = "Q6_K";
  static constexpr int values = 256;
  struct Block {
    uint8_t ql[128];  // half h, byte 64h + 32 (n % 2) + l, low bits for n < 2: low bits of value 128h + 32n + l
    uint8_t qh[64];   // half h, bits 2n of byte 32h + l: high bits of value 128h + 32n + l
    int8_t scales[16];
    uint16_t d;  // f16
  };
  static LT_HD void dequantize16(const Block& b, int group, float* y) {
    const int h = group / 8, n = group % 8 / 2, l = 16 * (group % 2);
    const uint8_t* low = b.ql + 64 * h + 32 * (n % 2) + l;
    const uint8_t* high = b.qh + 32 * h + l;
    const float scale = half_to_float(b.d) * static_cast<float>(b.scales[group]);
    for (int j = 0; j < 16; j++) {
      const int q = nibble(low[j], n / 2) | ((high[j] >> (2 * n)) & 3) << 4;
      y[j] = scale * static_cast<float>(q - 32);
    }
  }
};
static_assert(sizeof(Q6_K::Block) == 210);

}  // namespace lt::quant
