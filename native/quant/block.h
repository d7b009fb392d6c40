// What the headers of the block types share: 16-bit floats and the reading of packed fields. Scalar, without state, the
// same on a host and on a device (CUDA, HIP). A block is read where it lies, so no block asks for more than 2-byte alignment.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/tensor.h"

#if defined(__CUDACC__) || defined(__HIPCC__)
#define LT_HD __host__ __device__
#else
#define LT_HD
#endif

namespace lt::quant {

LT_HD inline float float_of_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

LT_HD inline uint32_t bits_of_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

// IEEE binary16, exact. A NaN keeps its sign and payload and becomes quiet, as the conversion instructions do it.
LT_HD inline float half_to_float(uint16_t h) {
  const uint32_t sign = (h & 0x8000u) << 16;
  const uint32_t rest = h & 0x7fffu;
  const uint32_t normal = (rest << 13) + (112u << 23);  // 112 = 127 - 15, the difference of the biases
  const uint32_t special = (rest << 13) | 0x7f800000u | (rest > 0x7c00u ? 0x00400000u : 0u);
  // 0.5 has a unit in the last place of 2^-24, a denormal half's: put its bits there and take 0.5 away.
  const uint32_t denormal = bits_of_float(float_of_bits(0x3f000000u + rest) - 0.5f);
  return float_of_bits(sign | (rest >= 0x7c00u ? special : rest < 0x0400u ? denormal : normal));
}

// Rounds to nearest, ties to even; beyond 65504 to infinity.
LT_HD inline uint16_t float_to_half(float x) {
  const uint32_t bits = bits_of_float(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t rest = bits & 0x7fffffffu;
  const uint32_t normal = (rest - (112u << 23) + 0x0fffu + ((rest >> 13) & 1u)) >> 13;
  const uint32_t denormal = bits_of_float(float_of_bits(rest) + 0.5f) - 0x3f000000u;  // the addition rounds
  const uint32_t nan = 0x7e00u | ((rest >> 13) & 0x03ffu);
  const uint32_t special = rest > 0x7f800000u ? nan : 0x7c00u;
  return static_cast<uint16_t>(sign | (rest >= 0x47800000u ? special : rest < 0x38800000u ? denormal : normal));
}

// The upper half of a float32, exact.
LT_HD inline float bf16_to_float(uint16_t b) { return float_of_bits(static_cast<uint32_t>(b) << 16); }

// Rounds to nearest, ties to even.
LT_HD inline uint16_t float_to_bf16(float x) {
  const uint32_t bits = bits_of_float(x);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? (bits >> 16) | 0x0040u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Low (which = 0) or high (1) four bits.
LT_HD inline int nibble(uint8_t byte, int which) { return (byte >> (4 * which)) & 15; }

// Four bytes, little-endian.
LT_HD inline uint32_t word(const uint8_t* bytes) {
  return bytes[0] | (static_cast<uint32_t>(bytes[1]) << 8) | (static_cast<uint32_t>(bytes[2]) << 16) |
         (static_cast<uint32_t>(bytes[3]) << 24);
}

}  // namespace lt::quant
