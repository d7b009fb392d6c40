// The judge of all other backends: one plain loop an op, in double inside an op and f32 between them. Never optimised beyond
// decoding a weight row once for all rows of a batch.
#pragma once
#include <vector>

#include "core/backend.h"

namespace lt::ref {

class RefOps : public Ops {
 public:
  Scratch& scratch() override { return scratch_; }
  void gather(Tensor y, Tensor table, Tensor ids) override;
  using Ops::matmul;
  void matmul(Tensor x, std::span<const Product> products) override;
  void rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) override;
  void rope(Tensor x, Tensor positions, const Rope& rope) override;
  void store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) override;
  void attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) override;
  void add(Tensor y, Tensor a, Tensor b) override;
  void gate(Tensor y, Tensor g, Tensor u, Act act) override;

  Scratch scratch_;
};

// Row `r` of a tensor of any weight type as f32.
void decode_row(std::vector<float>& to, const Tensor& t, int64_t r);

}  // namespace lt::ref
