// The code books of the IQ types as tables of bytes, for CPUs that look up 64 bytes at a time (kernels/matmul/vbmi).
#pragma once
#include <cstdint>

namespace lt::cpu {

// A point of four values is two bytes, of eight values too: what of a point is in byte k of it, from bit 0 on,
//   of four (levels of three bits):  2 and 0; 3 and 1
//   of eight (of two):               4 k + 2, 4 k, 4 k + 1, 4 k + 3
// The weight at position p (of four; of eight, of the half that byte k has) is found by six bits: those of the byte, in which one that is
// not of the level says whether the weight is negative (or, of IQ1, shifted down). So levels lie where the bit of the sign does not:
//   of four:   the level of p in bits 3 to 5 for p < 2, else 0 to 2; the sign in bit p + 1
//   of eight:  the level in bits 2, 4, 0, 4 and the next (p = 3: of the byte shifted down by 2); the sign in bit p
// All levels there are have such a code, so nothing of a book is lost.
struct ByteBooks {
  alignas(64) uint8_t iq3_s[2][512], iq3_xxs[2][256], iq2_xxs[2][256], iq2_xs[2][512], iq2_s[2][1024], iq1[2048];  // iq1: byte 0
  alignas(64) uint8_t iq3_s_weights[4][64], iq3_xxs_weights[4][64], iq2_weights[4][64], iq1_weights[4][64];        // by p, plus 128
  alignas(64) uint8_t even_signs[128];                                                                             // eight signs of seven
  // Points of IQ1 are sorted by byte 1, of which sixteen on end have two at most: the first one up to an index, and the last one.
  alignas(64) uint8_t iq1_first[128], iq1_last[128], iq1_first_up_to[128];

  ByteBooks();
};
extern const ByteBooks byte_books;

}  // namespace lt::cpu
