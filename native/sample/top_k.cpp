// Top-k: the k most probable tokens (Fan, Lewis and Dauphin 2018, "Hierarchical Neural Story Generation").
#include "sample/rank.h"
#include "sample/register.h"

namespace lt::sample {
namespace {

class TopK final : public Sampler {
 public:
  explicit TopK(size_t k) : k_(k) {}
  void apply(Candidates& c) const override { keep_best(c, k_); }
  bool keeps_best() const override { return true; }
  size_t most_kept() const override { return k_; }

 private:
  size_t k_;
};

constexpr Parameter parameters[] = {
    {"topK", "integer", 0, 2147483647, 40, "Keeps the k most probable tokens; 0 keeps all."},
};

std::unique_ptr<Sampler> make(const Given& v) { return v[0] == 0 ? nullptr : std::make_unique<TopK>(static_cast<size_t>(v[0])); }

const RegisterSampler registered({"topK", "Keeps a fixed number of the most probable tokens.", parameters, make}, 20);

}  // namespace
}  // namespace lt::sample
