// The low two bits of 256 codes: bits 2n of byte 32h + l are those of value 128h + 32n + l (Q2_K, Q3_K, TQ2_0).
#pragma once
#include "encode/kernels.h"

namespace lt::encode::LT_ISA {

static inline void pack_two_bits(const uint8_t* q, uint8_t* out) {
  for (int h = 0; h < 2; h++) {
    const uint8_t* half = q + 128 * h;
    for (int l = 0; l < 32; l++) {
      out[32 * h + l] = static_cast<uint8_t>((half[l] & 3) | (half[32 + l] & 3) << 2 | (half[64 + l] & 3) << 4 | (half[96 + l] & 3) << 6);
    }
  }
}

}  // namespace lt::encode::LT_ISA
