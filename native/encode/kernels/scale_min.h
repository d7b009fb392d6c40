// What Q4_K and Q5_K share. The twelve bytes that hold eight 6-bit scales and eight 6-bit minima: the reverse of quant::ScaleMin.
#pragma once
#include "encode/kernels.h"

namespace lt::encode::LT_ISA {

static inline void pack_scale_min(const uint8_t* scale, const uint8_t* min, uint8_t* out) {
  for (int k = 0; k < 4; k++) {
    out[k] = static_cast<uint8_t>(scale[k] | scale[k + 4] >> 4 << 6);
    out[k + 4] = static_cast<uint8_t>(min[k] | min[k + 4] >> 4 << 6);
    out[k + 8] = static_cast<uint8_t>((scale[k + 4] & 15) | min[k + 4] << 4);
  }
}

// Low four bits of 256 codes: byte 32c + l holds value 64c + l low, 64c + 32 + l high.
static inline void pack_chunks(const uint8_t* q, uint8_t* out) {
  for (int c = 0; c < 4; c++)
    for (int l = 0; l < 32; l++) out[32 * c + l] = static_cast<uint8_t>((q[64 * c + l] & 15) | q[64 * c + 32 + l] << 4);
}

}  // namespace lt::encode::LT_ISA
