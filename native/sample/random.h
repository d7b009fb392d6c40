// Counter-based random numbers: number n of a seed without the numbers before it.
#pragma once
#include <cstdint>

namespace lt::sample {

// The finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators"; constants by Stafford, mix
// 13).
constexpr uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// SplitMix64's output n for the state mix(seed + golden): mixing the seed keeps the sequences of close seeds apart.
constexpr uint64_t random_bits(uint64_t seed, uint64_t n) {
  constexpr uint64_t golden = 0x9e3779b97f4a7c15u;
  return mix(mix(seed + golden) + (n + 1) * golden);
}

// In [0, 1), 53 bits.
constexpr double random_unit(uint64_t seed, uint64_t n) { return static_cast<double>(random_bits(seed, n) >> 11) * 0x1p-53; }

}  // namespace lt::sample
