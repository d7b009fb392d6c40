// Min-p: the tokens whose probability is at least p times that of the most probable one (Nguyen, Baker, Neo, Roush, Kirsch and
// Shwartz-Ziv 2024, "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs").
#include <algorithm>
#include <cmath>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

class MinP final : public Sampler {
 public:
  explicit MinP(double p) : least_(std::log(p)) {}

  // p_i >= p * p_max is logit_i - logit_max >= log p.
  void apply(Candidates& c) const override {
    const float most = best(c).logit;
    const auto improbable = [&](const Candidate& x) { return x.logit != most && static_cast<double>(x.logit) - most < least_; };
    c.list.erase(std::remove_if(c.list.begin(), c.list.end(), improbable), c.list.end());
  }
  bool keeps_best() const override { return true; }

 private:
  double least_;
};

constexpr Parameter parameters[] = {
    {"minP", "number", 0, 1, 0.05, "Keeps tokens at least this many times as probable as the most probable one; 0 keeps all."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] == 0 ? nullptr : std::make_unique<MinP>(v[0]); }

const RegisterSampler registered({"minP", "Drops tokens that are improbable beside the most probable one.", parameters, make}, 50);

}  // namespace
}  // namespace lt::sample
