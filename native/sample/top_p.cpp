// Top-p, nucleus sampling: the smallest set of most probable tokens whose probabilities sum to at least p (Holtzman, Buys, Du,
// Forbes and Choi 2020, "The Curious Case of Neural Text Degeneration").
#include <algorithm>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

class TopP final : public Sampler {
 public:
  explicit TopP(double p) : p_(p) {}

  void apply(Candidates& c) const override {
    const float most = best(c).logit;
    const double wanted = p_ * total_weight(c.list, most);
    double sum = 0;
    size_t n = 0;
    for (size_t sorted = 0; n < c.list.size();) {  // most nuclei are small: sorts no more than is looked at
      const size_t next = std::min(c.list.size(), std::max<size_t>(64, sorted * 4));
      sort_from(c, sorted, next);
      for (sorted = next; n < sorted; n++) {
        if (n > 0 && sum >= wanted) return keep(c, n);
        sum += weight(c.list[n].logit, most);
      }
    }
  }
  bool keeps_best() const override { return true; }

 private:
  static void keep(Candidates& c, size_t n) {
    c.list.resize(n);
    c.sorted = true;
  }
  double p_;
};

constexpr Parameter parameters[] = {
    {"topP", "number", 0, 1, 0.95, "Keeps the most probable tokens whose probabilities sum to at least this; 1 keeps all."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] >= 1 ? nullptr : std::make_unique<TopP>(v[0]); }

const RegisterSampler registered({"topP", "Keeps the smallest set of most probable tokens that reaches a probability.", parameters, make},
                                 40);

}  // namespace
}  // namespace lt::sample
