// The hidden rows of one text, brought together as they come.
#pragma once
#include <span>
#include <vector>

#include "core/model.h"

namespace lt::engine {

class Pooled {
 public:
  // readout: the model's, or null; not null where `pooling` is rank.
  Pooled(Pooling pooling, const Readout* readout);
  bool last_alone() const { return by_ == Pooling::last; }  // no other row counts
  void take(std::span<const float> row);
  std::vector<float> result() const;

 private:
  Pooling by_;
  bool ranks_;
  const Readout* readout_;
  std::vector<double> row_;  // the one that counts, or the sum
  int64_t rows_ = 0;
};

}  // namespace lt::engine
