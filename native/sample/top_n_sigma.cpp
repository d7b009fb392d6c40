// Top-n-sigma: the tokens whose logit is within n standard deviations of the largest (Tang, Liu, Xu and Liu 2024, "Top-nσ: Not All
// Logits Are You Need", algorithm 1). The deviation is of the logits above -infinity, the population's.
#include <algorithm>
#include <cmath>
#include <limits>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

double deviation(const std::vector<Candidate>& list) {
  double sum = 0, squares = 0;
  size_t n = 0;
  for (const Candidate& x : list)
    if (std::isfinite(x.logit)) sum += x.logit, n++;
  const double mean = sum / static_cast<double>(n);
  for (const Candidate& x : list)
    if (std::isfinite(x.logit)) squares += (x.logit - mean) * (x.logit - mean);
  return n > 0 ? std::sqrt(squares / static_cast<double>(n)) : 0;
}

class TopNSigma final : public Sampler {
 public:
  explicit TopNSigma(double n) : n_(n) {}

  void apply(Candidates& c) const override {
    const float most = best(c).logit;
    const double least = most - n_ * deviation(c.list);
    std::erase_if(c.list, [&](const Candidate& x) { return x.logit != most && static_cast<double>(x.logit) < least; });
  }
  bool keeps_best() const override { return true; }

 private:
  double n_;
};

constexpr Parameter parameters[] = {
    {"topNSigma", "number", -1, 100, -1,
     "Keeps tokens whose logit is within so many standard deviations of the largest; 0 and -1 keep all."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] <= 0 ? nullptr : std::make_unique<TopNSigma>(v[0]); }

const RegisterSampler registered({"topNSigma", "Keeps the tokens whose logits stand out from the others.", parameters, make}, 15);

}  // namespace
}  // namespace lt::sample
