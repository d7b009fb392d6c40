#include "quantize/budget.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/parallel.h"
#include "encode/encode.h"
#include "quant/type.h"
#include "quantize/weights.h"

namespace lt::quantize {
namespace {

// One type that a tensor could have.
struct Offer {
  Type type;
  uint64_t bytes;
  double cost;
};

// The offers of one tensor that are worth taking, by rising bytes: each saves more a byte than the next (the lower convex hull).
using Hull = std::vector<Offer>;

Hull hull_of(std::vector<Offer> offers) {
  std::sort(offers.begin(), offers.end(),
            [](const Offer& a, const Offer& b) { return a.bytes != b.bytes ? a.bytes < b.bytes : a.cost < b.cost; });
  const auto slope = [](const Offer& a, const Offer& b) { return (a.cost - b.cost) / static_cast<double>(b.bytes - a.bytes); };
  Hull hull;
  for (const Offer& o : offers) {
    if (!hull.empty() && o.cost >= hull.back().cost) continue;
    while (!hull.empty() && hull.back().bytes == o.bytes) hull.pop_back();
    while (hull.size() >= 2 && slope(hull[hull.size() - 2], hull.back()) <= slope(hull.back(), o)) hull.pop_back();
    hull.push_back(o);
  }
  return hull;
}

// What a relative squared error of 1 in a tensor costs beside the same in a feed-forward matrix. Measured on small models: values
// and what reads them carry the context; the head's errors reach the logits unsoftened by later layers.
double weight_of(std::string_view name) {
  if (name == "output.weight" || name == "token_embd.weight") return 2;
  if (name.find("attn_v.") != std::string_view::npos || name.find("attn_output.") != std::string_view::npos) return 1.5;
  if (name.find("ffn_down") != std::string_view::npos) return 1.25;
  if (name.find("attn_q.") != std::string_view::npos || name.find("attn_k.") != std::string_view::npos) return 0.75;
  return 1;
}

std::vector<Type> candidates(const gguf::HostTensor& t, bool guided) {
  std::vector<Type> types;
  for (const quant::TypeInfo& info : quant::types()) {
    if (!info.block || !encode::encodes(info.id) || t.cols() % info.values != 0) continue;
    if (!encode::wants_importance(info.id) || guided) types.push_back(info.id);
  }
  if (t.type == Type::f16 || t.type == Type::bf16 || t.type == Type::f32) types.push_back(t.type == Type::f32 ? Type::f16 : t.type);
  return types;
}

class Measure {
 public:
  Measure(const gguf::File& file, const Options& options, int threads) : file_(file), options_(options), threads_(threads) {}

  Hull operator()(const Choice& c) const {
    const Weights weights(file_, *c.from, options_.importance.get());
    const std::vector<Type> types = candidates(*c.from, weights.guided());
    std::vector<Offer> offers(types.size());
    parallel(threads_, static_cast<int64_t>(types.size()), [&](int64_t i) {
      Choice other = c;
      other.to = types[static_cast<size_t>(i)];
      offers[static_cast<size_t>(i)] = {other.to, other.bytes(), weight_of(c.name) * relative_loss(weights, other.to)};
    });
    return hull_of(std::move(offers));
  }

 private:
  // Of rows that lie evenly over the tensor.
  static double relative_loss(const Weights& weights, Type type) {
    constexpr int64_t enough = 1 << 17;
    const gguf::HostTensor& t = weights.tensor();
    const int64_t rows = std::min(t.rows(), std::max<int64_t>(16, enough / t.cols()));
    std::vector<uint8_t> blocks(static_cast<size_t>(quant::row_bytes(type, t.cols())));
    Loss loss;
    for (int64_t i = 0; i < rows; i++) loss += weights.encode(type, i * t.rows() / rows, 1, 1, blocks.data());
    return loss.size > 0 ? loss.error / loss.size : 0;
  }

  const gguf::File& file_;
  const Options& options_;
  const int threads_;
};

// Takes upgrades, always the one that saves most a byte, as long as they fit.
std::vector<size_t> spend(const std::vector<Hull>& hulls, uint64_t left) {
  std::vector<size_t> taken(hulls.size(), 0);
  for (;;) {
    size_t best = hulls.size();
    double most = 0;
    for (size_t i = 0; i < hulls.size(); i++) {
      if (taken[i] + 1 >= hulls[i].size()) continue;
      const Offer &now = hulls[i][taken[i]], &next = hulls[i][taken[i] + 1];
      const double saved = (now.cost - next.cost) / static_cast<double>(next.bytes - now.bytes);
      if (next.bytes - now.bytes <= left && saved > most) {
        most = saved;
        best = i;
      }
    }
    if (best == hulls.size()) return taken;
    left -= hulls[best][taken[best] + 1].bytes - hulls[best][taken[best]].bytes;
    taken[best]++;
  }
}

}  // namespace

void fit(Plan& plan, uint64_t bytes, const gguf::File& file, const Options& options, int threads, const std::function<void(double)>& tell) {
  const Measure measure(file, options, threads);
  std::vector<Choice*> chosen;
  std::vector<Hull> hulls;
  uint64_t least = 0;
  for (Choice& c : plan.choices) {
    if (open_to_choice(c, options)) {
      chosen.push_back(&c);
    } else {
      least += c.bytes();
    }
  }
  for (const Choice* c : chosen) {
    hulls.push_back(measure(*c));
    if (c->from->data) file.let_go({static_cast<const char*>(c->from->data), c->from->bytes});
    least += hulls.back().front().bytes;
    tell(static_cast<double>(hulls.size()) / static_cast<double>(chosen.size()));
  }
  if (least > bytes) {
    throw Error(Code::argument, "target size: expected at least " + std::to_string(least) + " bytes for the tensors, found " +
                                    std::to_string(bytes) + (options.importance ? "" : ": an importance matrix allows smaller types"));
  }
  const std::vector<size_t> taken = spend(hulls, bytes - least);
  for (size_t i = 0; i < chosen.size(); i++) chosen[i]->to = hulls[i][taken[i]].type;
  plan.type = "chosen for its size";
  plan.file_type.reset();
}

}  // namespace lt::quantize
