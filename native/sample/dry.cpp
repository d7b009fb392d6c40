// DRY, "don't repeat yourself": what would go on with a repetition is penalised by multiplier * base^(length - allowed length), where
// length is how many tokens before it were there before in front of the same token; a repetition does not reach over the text of a
// breaker (P. E. Weidmann 2024, oobabooga/text-generation-webui pull request 5677).
#include <algorithm>
#include <cmath>
#include <limits>

#include "sample/register.h"
#include "sample/repeats.h"

namespace lt::sample {
namespace {

struct Repetition {
  int32_t id;     // that would go on with it
  size_t length;  // of what it would go on with
};

// Which tokens of a text end, or go on behind the end of, a breaker.
class Breakers {
 public:
  Breakers(std::vector<std::string> texts, TokenText text_of) : texts_(std::move(texts)), text_of_(std::move(text_of)) {
    for (const std::string& t : texts_) longest_ = std::max(longest_, t.size());
  }

  bool at(std::span<const int32_t> tokens, size_t i) const {
    if (texts_.empty() || !text_of_) return false;
    const std::string_view last = text_of_(tokens[i]);
    std::string before;  // what a breaker that ends in the token can begin with
    for (size_t j = i; j-- > 0 && before.size() + 1 < longest_;) before.insert(0, text_of_(tokens[j]));
    const std::string text = before + std::string(last);
    return std::any_of(texts_.begin(), texts_.end(), [&](const std::string& t) {
      const size_t from = before.size() + 1 > t.size() ? before.size() + 1 - t.size() : 0;
      return text.find(t, from) != std::string::npos;
    });
  }

 private:
  std::vector<std::string> texts_;
  TokenText text_of_;
  size_t longest_ = 0;
};

class Dry final : public Sampler {
 public:
  explicit Dry(const Given& v)
      : multiplier_(v[0]), base_(v[1]), allowed_(static_cast<size_t>(v[2])), last_(v[3]), breakers_(v.texts[4], v.text_of) {}

  void apply(Candidates& c) const override {
    const size_t n = last_ < 0 ? c.history.size() : std::min(c.history.size(), static_cast<size_t>(last_));
    const std::vector<Repetition> found = repetitions(c.history.last(n));
    for (Candidate& x : c.list) {
      const auto at = std::lower_bound(found.begin(), found.end(), x.id, [](const Repetition& r, int32_t id) { return r.id < id; });
      if (at != found.end() && at->id == x.id) punish(x, at->length);
    }
    c.sorted = c.sorted && found.empty();
  }

 private:
  // Of each token, the longest that is not allowed; ascending by id.
  std::vector<Repetition> repetitions(std::span<const int32_t> recent) const {
    std::vector<Repetition> all;
    const std::vector<size_t> same = same_as_end(recent, recent.size());
    const size_t longest = same.size() < 2 ? 0 : *std::max_element(same.begin(), same.end() - 1);
    size_t unbroken = 0;
    while (unbroken < longest && !breakers_.at(recent, recent.size() - 1 - unbroken)) unbroken++;
    if (unbroken == 0 || unbroken < allowed_) return all;
    for (size_t i = 0; i + 1 < recent.size(); i++)
      if (same[i] > 0 && same[i] >= allowed_ && !breakers_.at(recent, i + 1)) all.push_back({recent[i + 1], std::min(same[i], unbroken)});
    const auto longer_first = [](const Repetition& a, const Repetition& b) { return a.id != b.id ? a.id < b.id : a.length > b.length; };
    std::sort(all.begin(), all.end(), longer_first);
    all.erase(std::unique(all.begin(), all.end(), [](const Repetition& a, const Repetition& b) { return a.id == b.id; }), all.end());
    return all;
  }

  // No penalty bans: what is above -infinity stays there.
  void punish(Candidate& x, size_t length) const {
    constexpr float least = std::numeric_limits<float>::lowest();
    if (x.logit < least) return;
    const double punished = x.logit - multiplier_ * std::pow(base_, static_cast<double>(length - allowed_));
    x.logit = static_cast<float>(std::max<double>(punished, least));
  }

  double multiplier_, base_;
  size_t allowed_;
  double last_;
  Breakers breakers_;
};

constexpr std::string_view breakers[] = {"\n", ":", "\"", "*"};

constexpr Parameter parameters[] = {
    {"dryMultiplier", "number", 0, 100, 0, "How much going on with a repetition is penalised; 0 turns DRY off."},
    {"dryBase", "number", 1, 100, 1.75, "The penalty grows by this factor with each token that the repetition is longer."},
    {"dryAllowedLength", "integer", 0, 2147483647, 2,
     "Repetitions of so many tokens are penalised by the multiplier alone, shorter ones not."},
    {"dryPenaltyLastN", "integer", -1, 2147483647, -1,
     "In how many of the last tokens repetitions are looked for; -1 in all, 0 turns DRY off."},
    {"drySequenceBreakers", "texts", 0, 1000, 0, "Texts that no repetition reaches over; each at least one byte.", breakers},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] == 0 || v[3] == 0 ? nullptr : std::make_unique<Dry>(v); }

const RegisterSampler registered({"dry", "Makes it less likely the longer a repetition is.", parameters, make}, 12);

}  // namespace
}  // namespace lt::sample
