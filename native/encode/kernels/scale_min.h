// The twelve bytes that hold eight 6-bit scales and eight 6-bit minima (Q4_K, Q5_K): the reverse of quant::ScaleMin.
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

}  // namespace lt::encode::LT_ISA
