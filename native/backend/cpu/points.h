// The points of the code books of the IQ types as bytes, in the order of their indices: what kernels look up.
#pragma once
#include <cstdint>

namespace lt::cpu {

struct Points {
  uint64_t iq2_xxs[256], iq2_xs[512], iq2_s[1024];  // sizes of eight values
  uint32_t iq3_xxs[256], iq3_s[512];                // of four
  uint64_t iq1[2048];                               // 8 * value + 31 of eight: shifted down by an eighth, as codes of an offset of 32

  Points();
};
extern const Points points;

}  // namespace lt::cpu
