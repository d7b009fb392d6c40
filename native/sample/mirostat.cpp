// Mirostat: chooses so that the surprise of tokens, -log2 p, stays near a target τ. What is too surprising is dropped, and the most that
// is allowed, μ, follows by μ -= η (surprise - τ) from 2 τ on (Basu, Ramachandran, Keskar and Varshney 2020, "Mirostat: A Neural Text
// Decoding Algorithm that Directly Controls Perplexity"). Version 1 is its algorithm 1: the number of tokens kept follows from μ and
// from the exponent of Zipf's law, estimated over the 100 most probable ones; the surprise is that of the distribution before.
// Version 2, of the same authors' later code, keeps the tokens whose own surprise is at most μ, and counts that of the chosen one among
// those.
#include <algorithm>
#include <cmath>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

double bits(float logit, float most, double total) { return -std::log2(weight(logit, most) / total); }

const Candidate& drawn(const Candidates& c) {
  const int32_t id = draw(c);
  return *std::find_if(c.list.begin(), c.list.end(), [&](const Candidate& x) { return x.id == id; });
}

// What both versions are told, and how they go on. memory: μ.
class Feedback : public Sampler {
 public:
  Feedback(double target, double rate) : target_(target), rate_(rate) {}
  Memory first() const override { return {2 * target_}; }
  bool wants_all() const override { return true; }

 protected:
  void choose(Candidates& c, float most, double total) const {
    const Candidate& x = drawn(c);
    (*c.memory)[0] -= rate_ * (bits(x.logit, most, total) - target_);
    keep_alone(c, x);
  }

 private:
  double target_, rate_;
};

class Mirostat1 final : public Feedback {
 public:
  using Feedback::Feedback;

  void apply(Candidates& c) const override {
    const float most = best(c).logit;
    const double total = total_weight(c.list, most);
    sort_from(c, 0, std::min(c.list.size(), tail));
    keep_best(c, kept(zipf(c.list), (*c.memory)[0], static_cast<double>(c.list.size())));
    choose(c, most, total);
  }

 private:
  static constexpr size_t tail = 100;  // tokens that the exponent is estimated over

  // The paper's equation 30: least squares of log(p_i / p_i+1) on log((i + 1) / i).
  static double zipf(const std::vector<Candidate>& list) {
    double products = 0, squares = 0;
    for (size_t i = 0; i + 1 < std::min(list.size(), tail); i++) {
      const double t = std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
      const double b = static_cast<double>(list[i].logit) - list[i + 1].logit;
      if (!std::isfinite(b)) break;
      products += t * b;
      squares += t * t;
    }
    return squares > 0 ? products / squares : 0;
  }

  // Equation 2: k = (ε 2^μ / (1 - N^-ε))^(1/s), with ε = s - 1; where ε is 0, its limit.
  static size_t kept(double s, double mu, double n) {
    const double epsilon = s - 1;
    const double ratio = std::fabs(epsilon) < 1e-9 ? 1 / std::log(n) : epsilon / (1 - std::pow(n, -epsilon));
    const double k = std::pow(ratio * std::exp2(mu), 1 / s);
    return k < n ? static_cast<size_t>(std::max(1.0, k)) : static_cast<size_t>(n);  // also where it is no number
  }
};

class Mirostat2 final : public Feedback {
 public:
  using Feedback::Feedback;

  void apply(Candidates& c) const override {
    const float most = best(c).logit;
    const double total = total_weight(c.list, most), mu = (*c.memory)[0];
    std::erase_if(c.list, [&](const Candidate& x) { return x.logit != most && bits(x.logit, most, total) > mu; });
    choose(c, most, total_weight(c.list, most));
  }
};

constexpr Parameter parameters[] = {
    {"mirostat", "integer", 0, 2, 0, "Keeps the surprise of tokens near a target, by version 1 or 2 of Mirostat; 0 turns it off."},
    {"mirostatTau", "number", 0, 100, 5, "The surprise that Mirostat aims at, in bits a token."},
    {"mirostatEta", "number", 0, 1, 0.1, "How fast Mirostat follows."},
};

std::unique_ptr<Sampler> make(const Given& v) {
  if (v[0] == 0) return nullptr;
  if (v[0] == 1) return std::make_unique<Mirostat1>(v[1], v[2]);
  return std::make_unique<Mirostat2>(v[1], v[2]);
}

const RegisterSampler registered({"mirostat", "Chooses tokens whose surprise stays near a target.", parameters, make}, 70);

}  // namespace
}  // namespace lt::sample
