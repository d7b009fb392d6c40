// Exclude Top Choices: with a probability a step, of the tokens that are at least as probable as the threshold all but the least
// probable one are dropped (P. E. Weidmann 2024, oobabooga/text-generation-webui pull request 6335).
#include <algorithm>

#include "sample/random.h"
#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

constexpr uint64_t xtc_stream = 0x787463;  // apart from the random numbers of the draw

class Xtc final : public Sampler {
 public:
  Xtc(double probability, double threshold) : probability_(probability), threshold_(threshold) {}

  void apply(Candidates& c) const override {
    if (random_unit(mix(c.seed ^ xtc_stream), c.step) >= probability_) return;
    const float most = best(c).logit;
    const double least = threshold_ * total_weight(c.list, most);
    const auto top = [&](const Candidate& x) { return weight(x.logit, most) >= least; };
    const Candidate* stays = nullptr;  // the least probable of them
    size_t count = 0;
    for (const Candidate& x : c.list)
      if (top(x)) {
        count++;
        if (!stays || better(*stays, x)) stays = &x;
      }
    if (count < 2) return;
    const int32_t id = stays->id;
    std::erase_if(c.list, [&](const Candidate& x) { return top(x) && x.id != id; });
  }
  bool truncates() const override { return true; }

 private:
  double probability_, threshold_;
};

constexpr Parameter parameters[] = {
    {"xtcProbability", "number", 0, 1, 0, "How often the most probable tokens are dropped in favour of a less probable one; 0 never."},
    {"xtcThreshold", "number", 0, 1, 0.1, "How probable a token must be to count as one of the most probable; above 0.5 none is dropped."},
};

std::unique_ptr<Sampler> make(const Given& v) {
  if (v[0] == 0 || v[1] > 0.5) return nullptr;  // two tokens cannot both be more probable than a half
  return std::make_unique<Xtc>(v[0], v[1]);
}

const RegisterSampler registered({"xtc", "Now and then drops the most probable tokens but one.", parameters, make}, 55);

}  // namespace
}  // namespace lt::sample
