// Locally typical sampling: the smallest set of tokens whose information content is closest to the distribution's entropy and
// whose probabilities sum to at least p (Meister, Pimentel, Wiher and Cotterell 2022, "Locally Typical Sampling", equation 8).
#include <algorithm>
#include <cmath>

#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

struct Scored {
  double distance;  // |entropy + log p|
  double p;
  size_t at;
};

std::vector<Scored> score(const std::vector<Candidate>& list, float most) {
  const double total = total_weight(list, most);
  std::vector<Scored> scored(list.size());
  double entropy = 0;
  for (size_t i = 0; i < list.size(); i++) {
    const double p = weight(list[i].logit, most) / total;
    const double log_p = std::log(p);
    scored[i] = {log_p, p, i};
    if (p > 0) entropy -= p * log_p;
  }
  for (Scored& s : scored) s.distance = std::fabs(entropy + s.distance);
  return scored;
}

class Typical final : public Sampler {
 public:
  explicit Typical(double p) : p_(p) {}

  void apply(Candidates& c) const override {
    std::vector<Scored> scored = score(c.list, best(c).logit);
    const auto nearer = [&](const Scored& a, const Scored& b) {
      return a.distance != b.distance ? a.distance < b.distance : better(c.list[a.at], c.list[b.at]);
    };
    std::sort(scored.begin(), scored.end(), nearer);
    size_t n = 0;
    for (double sum = 0; n < scored.size() && (n == 0 || sum < p_); n++) sum += scored[n].p;
    keep(c.list, scored, n);
  }
  bool truncates() const override { return true; }

 private:
  // The first n of scored, in the order they had in the list.
  static void keep(std::vector<Candidate>& list, std::vector<Scored>& scored, size_t n) {
    scored.resize(n);
    std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) { return a.at < b.at; });
    for (size_t i = 0; i < n; i++) list[i] = list[scored[i].at];
    list.resize(n);
  }
  double p_;
};

constexpr Parameter parameters[] = {
    {"typicalP", "number", 0, 1, 1, "Keeps the tokens of most typical surprise whose probabilities sum to at least this; 1 keeps all."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] >= 1 ? nullptr : std::make_unique<Typical>(v[0]); }

const RegisterSampler registered({"typicalP", "Keeps tokens whose surprise is near the expected one.", parameters, make}, 30);

}  // namespace
}  // namespace lt::sample
