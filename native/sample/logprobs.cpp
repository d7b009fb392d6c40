#include "sample/logprobs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "sample/rank.h"

namespace lt::sample {
namespace {

constexpr float none = -std::numeric_limits<float>::infinity();

float known(float logit) { return std::isnan(logit) ? none : logit; }

constexpr float farthest = -87;  // e to it is next to nothing, and a float still

// e^x from there to 0, to 2^-22 of it: 2^n times the Taylor series of what is left, which is at most ln 2 / 2 (Cody and Waite 1980: ln 2 in
// two parts). No branch and no table, so that the compiler takes several at once.
float exp_of(float x) {
  constexpr float high = 0.693145752f, low = 1.42860677e-6f, to_whole = 12582912.0f;  // 1.5 x 2^23
  const float n = (x * 1.44269504f + to_whole) - to_whole;
  const float r = (x - n * high) - n * low;
  const float fourth = ((r * (1.0f / 5040) + 1.0f / 720) * r + 1.0f / 120) * r + 1.0f / 24;
  const float series = (((fourth * r + 1.0f / 6) * r + 0.5f) * r + 1) * r + 1;
  return series * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

// Of exp(logit - most), of a finite one.
double total(std::span<const float> logits, float most) {
  constexpr size_t lanes = 16, block = 16 * lanes;
  double sum = 0;
  for (size_t at = 0; at < logits.size(); at += block) {
    const size_t count = std::min(block, logits.size() - at);
    std::array<float, block> x;
    for (size_t i = 0; i < block; i++) x[i] = farthest;
    for (size_t i = 0; i < count; i++) x[i] = logits[at + i] - most > farthest ? logits[at + i] - most : farthest;
    std::array<float, lanes> part{};
    for (size_t i = 0; i < block; i += lanes)
      for (size_t l = 0; l < lanes; l++) part[l] += exp_of(x[i + l]);
    for (const float p : part) sum += static_cast<double>(p);
  }
  return sum;
}

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
  const bool finite = std::isfinite(most_);  // else those that are as large share all
  log_sum_ = std::log(finite ? total(logits, most_) : static_cast<double>(std::count(logits.begin(), logits.end(), most_)));
}

float LogSoftmax::operator()(int32_t id) const {
  const float x = known(logits_[static_cast<size_t>(id)]);
  return static_cast<float>((x == most_ ? 0.0 : static_cast<double>(x) - most_) - log_sum_);
}

std::vector<Logprob> LogSoftmax::best(int n) const {
  std::vector<Logprob> result;
  if (n <= 0) return result;
  std::vector<Candidate> list;
  list_best(list, logits_, std::min(static_cast<size_t>(n), logits_.size()));
  Candidates c{list, false, {}};
  keep_best(c, static_cast<size_t>(n));
  result.reserve(list.size());
  for (const Candidate& x : list) result.push_back({x.id, (*this)(x.id)});
  return result;
}

}  // namespace lt::sample
