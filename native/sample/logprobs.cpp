#include "sample/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sample/rank.h"

namespace lt::sample {
namespace {

constexpr float none = -std::numeric_limits<float>::infinity();

float known(float logit) { return std::isnan(logit) ? none : logit; }

}  // namespace

bool are_numbers(std::span<const float> logits) {
  bool below = true, above = false;  // no branch, so that it goes as fast as memory
  for (const float x : logits) {
    below &= x < -none;
    above |= x > none;
  }
  return below && above;
}

LogSoftmax::LogSoftmax(std::span<const float> logits) : logits_(logits), most_(none), log_sum_(0) {
  for (const float x : logits) most_ = x > most_ ? x : most_;
  double sum = 0;
  for (const float x : logits) sum += weight(known(x), most_);
  log_sum_ = std::log(sum);
}

float LogSoftmax::operator()(int32_t id) const {
  const float x = known(logits_[static_cast<size_t>(id)]);
  return static_cast<float>((x == most_ ? 0.0 : static_cast<double>(x) - most_) - log_sum_);
}

std::vector<Logprob> LogSoftmax::best(int n) const {
  std::vector<Logprob> result;
  if (n <= 0) return result;
  std::vector<Candidate> list(logits_.size());
  for (size_t i = 0; i < list.size(); i++) list[i] = {static_cast<int32_t>(i), known(logits_[i])};
  Candidates c{list, false, {}};
  keep_best(c, static_cast<size_t>(n));
  result.reserve(list.size());
  for (const Candidate& x : list) result.push_back({x.id, (*this)(x.id)});
  return result;
}

}  // namespace lt::sample
