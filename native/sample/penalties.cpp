// Penalties on tokens that the last ones contain. Repeat: a positive logit is divided, a negative one multiplied (Keskar,
// McCann, Varshney, Xiong and Socher 2019, "CTRL", section 4.1, with the sign rule that later implementations agree on).
// Frequency and presence: logit -= count * frequency + (count > 0) * presence (the OpenAI API's definition).
#include <algorithm>
#include <limits>

#include "sample/register.h"

namespace lt::sample {
namespace {

struct Count {
  int32_t id;
  int32_t times;
};

// Ascending by id.
std::vector<Count> counts(std::span<const int32_t> recent) {
  std::vector<int32_t> ids(recent.begin(), recent.end());
  std::sort(ids.begin(), ids.end());
  std::vector<Count> result;
  for (const int32_t id : ids) {
    if (result.empty() || result.back().id != id) result.push_back({id, 0});
    result.back().times++;
  }
  return result;
}

class Penalties final : public Sampler {
 public:
  explicit Penalties(const Given& v)
      : repeat_(static_cast<float>(v[0])), frequency_(static_cast<float>(v[1])), presence_(static_cast<float>(v[2])), last_(v[3]) {}

  void apply(Candidates& c) const override {
    const size_t n = last_ < 0 ? c.history.size() : std::min(c.history.size(), static_cast<size_t>(last_));
    const std::vector<Count> seen = counts(c.history.last(n));
    if (whole(c.list)) {
      for (const Count& s : seen)
        if (s.id >= 0 && static_cast<size_t>(s.id) < c.list.size()) punish(c.list[static_cast<size_t>(s.id)], s.times);
    } else {
      punish_found(c.list, seen);
    }
    c.sorted = c.sorted && seen.empty();
  }

 private:
  // Nothing dropped or moved yet, so that a token stands at its id.
  static bool whole(const std::vector<Candidate>& list) {
    for (size_t i = 0; i < list.size(); i++)
      if (list[i].id != static_cast<int32_t>(i)) return false;
    return true;
  }

  // No penalty bans: what is above -infinity stays there.
  void punish(Candidate& x, int32_t times) const {
    constexpr float least = std::numeric_limits<float>::lowest();
    if (x.logit < least) return;
    x.logit = x.logit > 0 ? x.logit / repeat_ : x.logit * repeat_;
    x.logit -= static_cast<float>(times) * frequency_ + presence_;
    x.logit = std::max(x.logit, least);
  }

  void punish_found(std::vector<Candidate>& list, const std::vector<Count>& seen) const {
    for (Candidate& x : list) {
      const auto at = std::lower_bound(seen.begin(), seen.end(), x.id, [](const Count& s, int32_t id) { return s.id < id; });
      if (at != seen.end() && at->id == x.id) punish(x, at->times);
    }
  }

  float repeat_, frequency_, presence_;
  double last_;
};

constexpr Parameter parameters[] = {
    {"repeatPenalty", "number", 0.01, 100, 1, "Makes tokens seen recently less likely by this factor; 1 changes nothing."},
    {"frequencyPenalty", "number", -100, 100, 0, "Subtracted from a token's logit for each time it was seen recently."},
    {"presencePenalty", "number", -100, 100, 0, "Subtracted from a token's logit if it was seen recently."},
    {"penaltyLastN", "integer", -1, 2147483647, 64, "How many of the last tokens count as recent; -1 counts all, 0 turns penalties off."},
};

std::unique_ptr<Sampler> make(const Given& v) {
  const bool idle = (v[0] == 1 && v[1] == 0 && v[2] == 0) || v[3] == 0;
  return idle ? nullptr : std::make_unique<Penalties>(v);
}

const RegisterSampler registered({"penalties", "Makes tokens that were seen recently less likely.", parameters, make}, 10);

}  // namespace
}  // namespace lt::sample
