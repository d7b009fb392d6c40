// The judge of all other backends: one plain loop an op, in double inside an op and f32 between them. Never optimised beyond
// decoding a weight row once for all rows of a batch.
#pragma once
#include <vector>

#include "core/backend.h"

namespace lt::ref {

class RefOps : public Ops {
 public:
  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
  LT_PRIMITIVES(LT_OVERRIDE)

  Scratch scratch_;
};

// Row `r` of a tensor of any weight type as f32.
void decode_row(std::vector<float>& to, const Tensor& t, int64_t r);

// A slot's state; of none, zeros. Keeping it in none does nothing.
std::vector<float> read_state(const State& state, int32_t slot);
void write_state(const State& state, int32_t slot, const std::vector<float>& from);

}  // namespace lt::ref
