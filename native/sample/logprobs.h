// Log-probabilities of the model's own distribution.
#pragma once
#include <span>
#include <vector>

#include "sample/sampler.h"

namespace lt::sample {

// No NaN, none of +infinity, not all -infinity: what a sound model gives.
bool are_numbers(std::span<const float> logits);

// log softmax(logits)[i] = logits[i] - log_total(logits), with the largest taken out first so that nothing overflows.
class LogSoftmax {
 public:
  explicit LogSoftmax(std::span<const float> logits);  // must outlive this; NaN counts as -infinity
  float operator()(int32_t id) const;
  std::vector<Logprob> best(int n) const;  // lower id first among equals

 private:
  std::span<const float> logits_;
  float most_;
  double log_sum_;  // of exp(logit - most)
};

}  // namespace lt::sample
