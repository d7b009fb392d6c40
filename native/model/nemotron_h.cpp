// nemotron_h, nemotron_h_moe: Nemotron-H, Nemotron Nano 2 and 3. A layer is one thing behind one norm: Mamba 2, attention that knows no
// positions, or a feed-forward without a gate, of squared positive parts; in nemotron_h_moe of experts, chosen by sigmoid and bias, beside
// a shared one.
#include "model/decoder.h"
#include "model/state_space.h"

namespace lt::model {
namespace {

constexpr Map squares{.act = Act::relu2};

Mixing read_nemotron_experts(Loader& f, int64_t i, const Hyper& h) {
  if (const int64_t gating = f.integer("expert_gating_func", 0, 1 << 16, 2); gating != 2)
    f.refuse("expert_gating_func", "2 (sigmoid)", std::to_string(gating));
  return read_experts(f, i, h,
                      {.router = {.gating = Router::Gating::sigmoid,
                                  .bias = f.vector(block(i) + "exp_probs_b.bias", read_expert_count(f)),
                                  .groups = f.integer("expert_group_count", 1, most_experts, 1),
                                  .used_groups = f.integer("expert_group_used_count", 1, most_experts, 1),
                                  .normalize = f.flag("expert_weights_norm", false),
                                  .scale = static_cast<float>(f.number("expert_weights_scale", 1e-6, 1e6, 1))},
                       .map = squares,
                       .shared = f.integer("expert_shared_feed_forward_length", 0, most_width, 0),
                       .gated = false});
}

std::unique_ptr<Model> nemotron_h(Loader& f, bool sparse) {
  const Hyper h = read_hyper(f);
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&] { return read_norm(f, block(i) + "attn_norm", h.width, h); };
    if (attends(f, i)) return {{{norm(), read_attention(f, i, h, {})}}};
    if (f.per_layer("feed_forward_length", i, 0, most_width) == 0) return {{{norm(), read_mamba2(f, i, h, {})}}};
    return {maybe_apart(f, i, sparse, [&]() -> Step {
      return {{norm(), sparse ? read_nemotron_experts(f, i, h) : read_feed_forward(f, i, h, {.map = squares, .gated = false})}};
    })};
  });
}

LT_MODEL("nemotron_h", [](Loader& f) { return nemotron_h(f, false); });
LT_MODEL("nemotron_h_moe", [](Loader& f) { return nemotron_h(f, true); });

}  // namespace
}  // namespace lt::model
