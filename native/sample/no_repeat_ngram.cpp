// No n tokens in a row twice: what would complete a run of n tokens that the text has already is dropped (Paulus, Xiong and Socher
// 2017, "A Deep Reinforced Model for Abstractive Summarization", section 2.5, there with n = 3).
#include <algorithm>
#include <limits>

#include "sample/register.h"
#include "sample/repeats.h"

namespace lt::sample {
namespace {

class NoRepeatNgram final : public Sampler {
 public:
  explicit NoRepeatNgram(size_t n) : n_(n) {}

  // Where nothing else is left, a run may come again.
  void apply(Candidates& c) const override {
    const std::vector<int32_t> dropped = completing(c.history);
    const auto drops = [&](const Candidate& x) { return std::binary_search(dropped.begin(), dropped.end(), x.id); };
    const auto stays = [&](const Candidate& x) { return x.logit > -std::numeric_limits<float>::infinity() && !drops(x); };
    if (dropped.empty() || std::none_of(c.list.begin(), c.list.end(), stays)) return;
    std::erase_if(c.list, drops);
  }

 private:
  std::vector<int32_t> completing(std::span<const int32_t> text) const {
    std::vector<int32_t> ids;
    if (text.size() < n_) return ids;
    const std::vector<size_t> same = n_ > 1 ? same_as_end(text, n_ - 1) : std::vector<size_t>(text.size(), 0);
    if (n_ == 1) ids.push_back(text.front());
    for (size_t i = 0; i + 1 < text.size(); i++)
      if (same[i] >= n_ - 1) ids.push_back(text[i + 1]);
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  size_t n_;
};

constexpr Parameter parameters[] = {
    {"noRepeatNgram", "integer", 0, 2147483647, 0, "No run of so many tokens comes twice, the prompt counted in; 0 allows all."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] == 0 ? nullptr : std::make_unique<NoRepeatNgram>(static_cast<size_t>(v[0])); }

const RegisterSampler registered({"noRepeatNgram", "Drops tokens that would repeat a run of tokens.", parameters, make}, 13);

}  // namespace
}  // namespace lt::sample
