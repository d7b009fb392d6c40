// The code book types for checks, and the plainest search there is.
#pragma once
#include <cstdint>
#include <span>

#include "quant/type.h"

namespace lt::check {

struct Codebook {
  const char* name;  // as in the shared vectors
  Type type;
  int width, points, part;  // values of a point; points of the book; values that share a scale
  bool even;                // signs of eight values: an even number of negative ones
  bool shifts;              // points are signed and come an eighth higher or lower: 2 of each
  bool same_shift;          // within a part
  void (*point)(uint32_t index, float* y);
  float (*scale)(const uint8_t* block, int part);
  double reached[8];  // relative errors on the made-up inputs
};

std::span<const Codebook> codebooks();

// The least weighted squared error of a part at a scale, over all points and signs; weights: null for 1 each.
double least_error(const Codebook& t, const float* x, const float* weights, float scale);

}  // namespace lt::check
