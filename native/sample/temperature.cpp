// Temperature: the softmax of logits / temperature. 0 keeps the best token alone.
#include <cmath>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

class Greedy final : public Sampler {
 public:
  void apply(Candidates& c) const override {
    c.list.front() = best(c);
    c.list.resize(1);
    c.sorted = true;
  }
  bool picks_best() const override { return true; }
  size_t most_kept() const override { return 1; }
};

class Temperature final : public Sampler {
 public:
  explicit Temperature(double t) : t_(static_cast<float>(t)) {}

  // Shifted by the largest logit where the quotient would overflow and make unequal tokens equal.
  void apply(Candidates& c) const override {
    const float most = best(c).logit;
    const float shift = std::isfinite(most) && !std::isfinite(most / t_) ? most : 0.0f;
    for (Candidate& x : c.list) x.logit = (x.logit - shift) / t_;
  }

 private:
  float t_;
};

constexpr Parameter parameters[] = {
    {"temperature", "number", 0, 100, 0.8,
     "Flattens (above 1) or sharpens (below 1) the distribution; 0 always takes the most probable token."},
};

std::unique_ptr<Sampler> make(std::span<const double> v) {
  if (v[0] == 1) return nullptr;
  if (static_cast<float>(v[0]) == 0) return std::make_unique<Greedy>();
  return std::make_unique<Temperature>(v[0]);
}

const RegisterSampler registered({"temperature", "Divides the logits by a number.", parameters, make}, 60);

}  // namespace
}  // namespace lt::sample
