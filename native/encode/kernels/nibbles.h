// Bits of codes as the blocks of 32 values hold them.
#pragma once
#include "encode/kernels.h"

namespace lt::encode::LT_ISA {

// Low four bits: value j in the low, j + 16 in the high half of byte j.
static inline void pack_nibbles(const uint8_t* q, uint8_t* out) {
  for (int j = 0; j < 16; j++) out[j] = static_cast<uint8_t>((q[j] & 15) | q[j + 16] << 4);
}

// The fifth bit of value i is bit i.
static inline void pack_fifth_bits(const uint8_t* q, uint8_t* out) {
  for (int byte = 0; byte < 4; byte++) {
    uint32_t bits = 0;
    for (int i = 0; i < 8; i++) bits |= static_cast<uint32_t>(q[8 * byte + i] >> 4 & 1) << i;
    out[byte] = static_cast<uint8_t>(bits);
  }
}

}  // namespace lt::encode::LT_ISA
