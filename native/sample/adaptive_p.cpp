// Adaptive-p: chooses tokens whose probability is near a target. Their logits become 5 - 10 d^2 / (1 + d), d being the distance from the
// target in units of 0.3; the target of a step is 2 * target - mean, the mean that of the probabilities chosen so far, weighted by
// decay^age, which begins as if the target had been met ("MrJackSpade" and "ddh0" 2026, ggml-org/llama.cpp pull request 17927).
#include <algorithm>
#include <cmath>
#include <limits>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

class AdaptiveP final : public Sampler {
 public:
  AdaptiveP(double target, double decay) : target_(target), decay_(decay) {}

  Memory first() const override { return {target_ / (1 - decay_), 1 / (1 - decay_)}; }

  void apply(Candidates& c) const override {
    std::erase_if(c.list, [](const Candidate& x) { return x.logit == -std::numeric_limits<float>::infinity(); });
    auto& [sum, count] = *c.memory;  // of the probabilities, and of their weights
    const double aim = std::clamp(2 * target_ - sum / count, 0.0, 1.0);
    const float most = best(c).logit;
    const double total = total_weight(c.list, most);
    std::vector<double> p;
    p.reserve(c.list.size());
    for (Candidate& x : c.list) {
      const double d = std::fabs(p.emplace_back(weight(x.logit, most) / total) - aim) / 0.3;
      x.logit = static_cast<float>(5 - 10 * d * d / (1 + d));
    }
    c.sorted = false;
    const int32_t id = draw(c);
    const auto chosen = std::find_if(c.list.begin(), c.list.end(), [&](const Candidate& x) { return x.id == id; });
    sum = p[static_cast<size_t>(chosen - c.list.begin())] + decay_ * sum;
    count = 1 + decay_ * count;
    keep_alone(c, *chosen);
  }

 private:
  double target_, decay_;
};

constexpr Parameter parameters[] = {
    {"adaptiveTarget", "number", -1, 1, -1,
     "Chooses tokens whose probability is near this on average; below 0 off. Best with minP alone before it."},
    {"adaptiveDecay", "number", 0, 0.99, 0.9, "How much of what was chosen before counts at the next token: about 1 / (1 - decay) tokens."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] < 0 ? nullptr : std::make_unique<AdaptiveP>(v[0], v[1]); }

const RegisterSampler registered({"adaptiveP", "Chooses tokens whose probability is near a target on average.", parameters, make}, 80);

}  // namespace
}  // namespace lt::sample
