// Ops that run each call twice, on a backend and on a judge that computes in host memory, from the same inputs, and report the
// results that are too far apart. The backend's results are what the next call reads, so errors do not add up.
#pragma once
#include <functional>
#include <string>

#include "core/decorator.h"

namespace lt {

struct Divergence {
  int64_t call;  // from 0
  const char* op;
  int64_t rows, cols;  // of the result
  int64_t row;         // the worst
  double distance;     // of that row: rms(result - judge's) / rms(judge's)
};

class Lockstep : public Decorator {
 public:
  // `read_row` decodes row 0 of a host tensor to f32 (quant's business, which core does not know).
  using ReadRow = std::function<void(std::vector<float>&, const Tensor&)>;
  Lockstep(Backend& backend, Backend& judge, double tolerance, ReadRow read_row, std::function<void(const Divergence&)> sink)
      : Decorator(backend), judge_(judge), tolerance_(tolerance), read_row_(std::move(read_row)), sink_(std::move(sink)) {}

 protected:
  void around(const char* op, const std::vector<Tensor>& outputs, const Call& call) override;

 private:
  void compare(const char* op, const Tensor& found, const Tensor& wanted);

  Backend& judge_;
  double tolerance_;
  ReadRow read_row_;
  std::function<void(const Divergence&)> sink_;
  int64_t calls_ = 0;
};

}  // namespace lt
