#include "quantize/budget.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/parallel.h"
#include "encode/encode.h"
#include "quant/type.h"
#include "quantize/layers.h"
#include "quantize/row_encoder.h"

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

// What a relative squared error in a tensor costs beside the same in a feed-forward matrix of a layer in the middle. Measured on a small
// model, as the divergence that it alone brings: an error of the head is in every logit, and the first layers' is in all that the
// others read, while the sum that layers add to is still small.
double cost_of(const Choice& c, bool tied, int64_t layers) {
  const std::string_view name = c.name;
  if (name == "output.weight" || (tied && name == "token_embd.weight")) return 300;
  if (name == "token_embd.weight") return 30;
  constexpr std::pair<std::string_view, double> roles[] = {{"attn_q.", 2},      {"attn_k.", 3.5},  {"attn_v.", 2.5}, {"attn_qkv.", 2.5},
                                                           {"attn_output.", 2}, {"ffn_gate", 1.5}, {"ffn_down", 5}};
  double cost = 1;
  for (const auto& [part, of_role] : roles)
    if (name.find(part) != std::string_view::npos) cost = of_role;
  const int64_t layer = layer_of(name).value_or(-1);
  return layer == 0 ? 20 * cost : layer == layers - 1 ? 3 * cost : cost;
}

// Formats that models are trained for: what others lose in them is more than can be reckoned with.
bool of_training(Type type) {
  const uint8_t id = static_cast<uint8_t>(type);
  return id == 34 || id == 35 || id == 41 || id == 42;  // TQ1_0, TQ2_0, Q1_0, Q2_0
}

std::vector<Type> candidates(const gguf::HostTensor& t, bool guided) {
  std::vector<Type> types;
  for (const quant::TypeInfo& info : quant::types()) {
    if (!info.block || of_training(info.id) || !encode::encodes(info.id) || t.cols() % info.values != 0) continue;
    if (!encode::wants_importance(info.id) || guided) types.push_back(info.id);
  }
  if (t.type == Type::f16 || t.type == Type::bf16 || t.type == Type::f32) types.push_back(t.type == Type::f32 ? Type::f16 : t.type);
  return types;
}

class Measure {
 public:
  Measure(const gguf::File& file, const Options& options, int threads, const Plan& plan)
      : file_(file), options_(options), threads_(threads), tied_(!file.tensor("output.weight")) {
    for (const Choice& c : plan.choices) layers_ = std::max(layers_, layer_of(c.name).value_or(-1) + 1);
  }

  Hull operator()(const Choice& c) const {
    const RowEncoder weights(file_, *c.from, c.source, options_.importance.get());
    const std::vector<Type> types = candidates(*c.from, weights.guided());
    std::vector<Offer> offers(types.size());
    parallel(threads_, static_cast<int64_t>(types.size()), [&](int64_t i) {
      Choice other = c;
      other.to = types[static_cast<size_t>(i)];
      offers[static_cast<size_t>(i)] = {other.to, other.bytes(), cost_of(c, tied_, layers_) * relative_loss(weights, other.to)};
    });
    return hull_of(std::move(offers));
  }

 private:
  // Of rows that lie evenly over the tensor.
  static double relative_loss(const RowEncoder& weights, Type type) {
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
  const bool tied_;
  int64_t layers_ = 0;
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
  const Measure measure(file, options, threads, plan);
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
