// Ops that report each call: name, shape of the result, time and checksum. Wraps any backend from outside.
#pragma once
#include <cstdint>
#include <functional>

#include "core/decorator.h"

namespace lt {

struct TracedCall {
  const char* op;
  int64_t rows, cols;  // of the first result
  double microseconds;
  uint64_t checksum;  // FNV-1a of the first result's bytes
};

class Trace : public Decorator {
 public:
  Trace(Backend& backend, std::function<void(const TracedCall&)> sink) : Decorator(backend), sink_(std::move(sink)) {}

 protected:
  void around(const char* op, const std::vector<Tensor>& outputs, const Call& call) override;

 private:
  std::function<void(const TracedCall&)> sink_;
};

}  // namespace lt
