// What RWKV's mixers have in common.
#pragma once
#include "model/hyper.h"
#include "model/linear.h"

namespace lt::model {

// By how much the row before differs: zeros come before a sequence. A convolution over two rows.
class TokenShift {
 public:
  TokenShift() = default;
  TokenShift(Loader& loader, int64_t width);
  int64_t state() const { return conv_.w.rows; }  // floats, the first of the mixer's
  void run(Ops& ops, Tensor y, Tensor x, const State& state, const Rows& rows) const;

 private:
  Conv conv_;
};

// x + by * shift; y may be `by`.
void lerp(Ops& ops, Tensor y, Tensor x, Tensor shift, Tensor by);

// The heads of a time mix: each rank has some.
struct WkvHeads {
  int64_t size = 0, count = 0;  // columns of a head, heads of the model
  Boundaries cut;
  Range own, columns;  // heads of this rank and their columns

  WkvHeads() = default;
  WkvHeads(Loader& loader, int64_t width);
  int64_t state() const { return columns.count * size; }
  Tensor vector(Loader& loader, const std::string& name) const;   // (1, own columns)
  Tensor by_head(Loader& loader, const std::string& name) const;  // (own heads, size)
  Linear rows(Loader& loader, const std::string& name) const;     // of a matrix whose results are heads
  Norm norm(Loader& loader, const std::string& name) const;       // of each head's result
  int64_t width = 0;
};

}  // namespace lt::model
