// What a row of logits says as probabilities, in double.
#pragma once
#include <cmath>
#include <cstdint>
#include <span>

namespace lt::measuring {

// log softmax(logits)[i] = logits[i] - most - log_sum.
struct Distribution {
  explicit Distribution(std::span<const float> logits) {
    for (const float v : logits) most = v > most ? v : most;
    double sum = 0;
    for (const float v : logits) sum += std::exp(static_cast<double>(v) - most);
    log_sum = std::log(sum);
  }
  bool valid() const { return std::isfinite(most) && std::isfinite(log_sum); }  // no NaN, not all -infinity
  double log_probability(float logit) const { return static_cast<double>(logit) - most - log_sum; }

  float most = -HUGE_VALF;
  double log_sum = 0;
};

// The first of the largest.
inline int64_t top(std::span<const float> logits) {
  int64_t best = 0;
  for (int64_t i = 1; i < std::ssize(logits); i++)
    if (logits[static_cast<size_t>(i)] > logits[static_cast<size_t>(best)]) best = i;
  return best;
}

}  // namespace lt::measuring
