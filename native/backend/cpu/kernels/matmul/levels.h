// What the codes of four bits mean that name uneven levels, and the scales of MXFP4 and NVFP4.
#pragma once
#include <array>

#include "backend/cpu/kernels.h"

namespace lt::cpu::LT_ISA {

// IQ4_NL and IQ4_XS.
struct Iq4Levels {
  alignas(16) static constexpr int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
};

// Twice the values of FP4 (E2M1), which are whole numbers then.
struct Fp4Levels {
  alignas(16) static constexpr int8_t levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  alignas(16) static constexpr uint8_t raised[16] = {16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4};  // plus 16
};

// Half of 2^(e - 127) as bfloat16, in place of the half that the levels have too much. The decoder makes 255, which is no number, infinite.
constexpr std::array<uint16_t, 256> half_powers = [] {
  std::array<uint16_t, 256> powers{};
  for (unsigned e = 0; e < 255; ++e) powers[e] = static_cast<uint16_t>(e < 2 ? 0x20 << e : (e - 1) << 7);
  powers[255] = 0x7f80;
  return powers;
}();
inline uint16_t half_power(uint8_t e) { return half_powers[e]; }

// A scale of NVFP4, an E4M3 number of which the sign does not count and 0x7f is 0, as a half that is to be multiplied by e4m3_factor: the
// exponents of halfs have a bias of 15 where its have 7, and the levels are twice what they should be.
constexpr float e4m3_factor = 128;
inline uint16_t e4m3_half(uint8_t s) { return (s & 0x7f) == 0x7f ? uint16_t(0) : uint16_t((s & 0x7f) << 7); }

}  // namespace lt::cpu::LT_ISA
