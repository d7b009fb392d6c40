// One sampler at work on a whole distribution, and plain definitions to hold it against.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "check/check.h"
#include "sample/sampler.h"

namespace lt::check {

inline std::vector<float> gaussian(size_t n, uint32_t seed, float deviation = 3) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> d(0, deviation);
  std::vector<float> x(n);
  for (float& v : x) v = d(engine);
  return x;
}

inline std::vector<double> softmax(const std::vector<double>& logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p;
  double sum = 0;
  for (const double l : logits) sum += p.emplace_back(std::exp(l - most));
  for (double& v : p) v /= sum;
  return p;
}

inline std::vector<double> wide(const std::vector<float>& x) { return {x.begin(), x.end()}; }

// A step of one sampler; texts: of the parameter that takes some.
struct Step {
  std::span<const int32_t> history = {};
  uint64_t seed = 0, step = 0;
  sample::Memory* memory = nullptr;
  std::vector<std::string> texts = {};
  sample::TokenText text_of = {};
};

inline const sample::SamplerEntry& sampler_named(const std::string& name) {
  for (const sample::SamplerEntry& e : sample::samplers())
    if (e.name == name) return e;
  throw Error(Code::internal, "no sampler " + name);
}

// The candidates that one sampler of this name leaves, as probabilities over the vocabulary (0: dropped).
inline std::vector<double> after(const std::string& name, std::vector<double> values, const std::vector<float>& logits, const Step& s) {
  std::vector<sample::Candidate> list;
  for (size_t i = 0; i < logits.size(); i++) list.push_back({static_cast<int32_t>(i), logits[i]});
  sample::Candidates c{list, false, s.history, s.seed, s.step, s.memory};
  const sample::SamplerEntry& sampler = sampler_named(name);
  for (size_t i = values.size(); i < sampler.parameters.size(); i++) values.push_back(sampler.parameters[i].fallback);
  const size_t count = values.size();
  if (const auto one = sampler.make({std::move(values), std::vector(count, s.texts), s.text_of})) one->apply(c);
  CHECK(!list.empty());
  if (c.sorted)
    for (size_t i = 1; i < list.size(); i++) CHECK(list[i - 1].logit >= list[i].logit);
  std::vector<double> left(logits.size(), -std::numeric_limits<double>::infinity());
  for (const sample::Candidate& x : list) left[static_cast<size_t>(x.id)] = x.logit;
  return softmax(left);
}

inline std::vector<double> after(const std::string& name, std::vector<double> values, const std::vector<float>& logits,
                                 std::span<const int32_t> history = {}) {
  return after(name, std::move(values), logits, Step{.history = history});
}

// p with only the tokens of `keep`, summing to 1.
inline std::vector<double> restricted(const std::vector<double>& p, const std::vector<size_t>& keep) {
  std::vector<double> q(p.size(), 0);
  double sum = 0;
  for (const size_t i : keep) sum += q[i] = p[i];
  for (double& v : q) v /= sum;
  return q;
}

// Indices in the order of `key`, ascending; ties by index.
template <class F>
std::vector<size_t> by(size_t n, F key) {
  std::vector<size_t> at(n);
  for (size_t i = 0; i < n; i++) at[i] = i;
  std::sort(at.begin(), at.end(), [&](size_t a, size_t b) { return std::pair(key(a), a) < std::pair(key(b), b); });
  return at;
}

// Of a distribution that one token has for itself.
inline size_t the_one(const std::vector<double>& p) {
  const auto at = static_cast<size_t>(std::max_element(p.begin(), p.end()) - p.begin());
  CHECK(p[at] == 1);
  return at;
}

inline void check_near(const std::vector<double>& a, const std::vector<double>& b, const std::string& what) {
  for (size_t i = 0; i < a.size(); i++)
    CHECK_THAT(std::fabs(a[i] - b[i]) <= 1e-5 * std::max(a[i], b[i]) + 1e-12,
               what << " token " << i << ": " << a[i] << ", expected " << b[i]);
}

}  // namespace lt::check
