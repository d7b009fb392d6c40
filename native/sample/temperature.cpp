// Temperature: the softmax of logits / temperature. 0 keeps the best token alone. Dynamic temperature lies between temperature - range and
// temperature + range, by the entropy of the distribution: least + (most - least) * (entropy / log n)^exponent, n being the candidates
// (kalomaze 2023, "entropy sampling" of koboldcpp, with the range and exponent that followed).
#include <algorithm>
#include <cmath>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

class Greedy final : public Sampler {
 public:
  void apply(Candidates& c) const override { keep_alone(c, best(c)); }
  bool picks_best() const override { return true; }
  size_t most_kept() const override { return 1; }
};

// Shifted by the largest logit where the quotient would overflow and make unequal tokens equal.
void divide(Candidates& c, float t) {
  const float most = best(c).logit;
  const float shift = std::isfinite(most) && !std::isfinite(most / t) ? most : 0.0f;
  for (Candidate& x : c.list) x.logit = (x.logit - shift) / t;
}

class Temperature final : public Sampler {
 public:
  explicit Temperature(double t) : t_(static_cast<float>(t)) {}
  void apply(Candidates& c) const override { divide(c, t_); }

 private:
  float t_;
};

class DynamicTemperature final : public Sampler {
 public:
  DynamicTemperature(double t, double range, double exponent) : least_(std::max(0.0, t - range)), most_(t + range), exponent_(exponent) {}

  void apply(Candidates& c) const override {
    if (c.list.size() < 2) return;
    const double share = std::min(1.0, entropy(c) / std::log(static_cast<double>(c.list.size())));
    const auto t = static_cast<float>(least_ + (most_ - least_) * std::pow(share, exponent_));
    t == 0 ? keep_alone(c, best(c)) : divide(c, t);
  }

 private:
  static double entropy(const Candidates& c) {
    const float most = best(c).logit;
    const double total = total_weight(c.list, most);
    double sum = 0;
    for (const Candidate& x : c.list)
      if (const double p = weight(x.logit, most) / total; p > 0) sum -= p * std::log(p);
    return std::max(0.0, sum);
  }

  double least_, most_, exponent_;
};

constexpr Parameter parameters[] = {
    {"temperature", "number", 0, 100, 0.8,
     "Flattens (above 1) or sharpens (below 1) the distribution; 0 always takes the most probable token."},
    {"dynatempRange", "number", 0, 100, 0,
     "The temperature is lower or higher by up to this, as the distribution is narrow or wide; 0 is off."},
    {"dynatempExponent", "number", 0.01, 100, 1, "Above 1, the temperature rises late with the width of the distribution; below 1, early."},
};

std::unique_ptr<Sampler> make(const Given& v) {
  if (v[1] > 0) return std::make_unique<DynamicTemperature>(v[0], v[1], v[2]);
  if (v[0] == 1) return nullptr;
  if (static_cast<float>(v[0]) == 0) return std::make_unique<Greedy>();
  return std::make_unique<Temperature>(v[0]);
}

const RegisterSampler registered({"temperature", "Divides the logits by a number.", parameters, make}, 60);

}  // namespace
}  // namespace lt::sample
