// The points of the code books of the IQ types as bytes, in the order of their indices: what kernels look up.
#pragma once
#include <cstdint>

namespace lt::cpu {

struct Points {
  uint64_t iq2_xxs[256], iq2_xs[512], iq2_s[1024];  // sizes of eight values
  uint32_t iq3_xxs[256], iq3_s[512];                // of four
  uint64_t iq1[2048];                               // 8 * value + 31 of eight: shifted down by an eighth, as codes of an offset of 32

  // The same in words, for tables in registers. Of four values: a nibble each, the values themselves and the numbers of their sizes. Of
  // eight: the numbers of sizes in pairs of bits, those of even values in the lower, of odd ones in the upper byte.
  alignas(64) uint16_t iq3_s_nibbles[512], iq3_xxs_nibbles[256], iq2_xxs_pairs[256], iq2_xs_pairs[512], iq2_s_pairs[1024];

  Points();
};
extern const Points points;

}  // namespace lt::cpu
