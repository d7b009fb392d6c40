// deepseek2: DeepSeek V2, V3, R1, Kimi K2, GLM-4.7-Flash. Latent attention; leading layers are dense, the others have experts, chosen
// within the best groups of them, and a shared one.
#include <cmath>

#include "model/decoder.h"
#include "model/latent_attention.h"

namespace lt::model {
namespace {

// With YaRN, what the configuration calls mscale_all_dim sharpens all scores, and the rotary magnitude is 1; without, the magnitude does.
// yarn_log_multiplier is 0.1 times it.
LatentOptions read_latent(Loader& f) {
  const LatentHeads heads = read_latent_heads(f);
  LatentOptions o{.eps = 1e-6f};  // the default of DeepSeek's norms, whatever the file says of the others
  o.rope = read_rope(f, heads.rotated, {.neighbours = true});
  o.scale = 1 / std::sqrt(static_cast<double>(heads.plain + heads.rotated));
  if (f.text("rope.scaling.type", "") != "yarn") return o;
  const double growth = std::log(f.number("rope.scaling.factor", 1, 1e6)), share = f.number("rope.scaling.yarn_log_multiplier", 0, 1e3, 0);
  o.rope.magnitude = share > 0 ? 1 : static_cast<float>(0.1 * growth + 1);
  if (share > 0) o.scale *= (share * growth + 1) * (share * growth + 1);
  return o;
}

Router::Gating read_gating(const Loader& f, bool biased) {
  const int64_t gating = f.integer("expert_gating_func", 0, 1 << 16, 0);
  if (gating > 2) f.refuse("expert_gating_func", "1 (softmax) or 2 (sigmoid)", std::to_string(gating));
  if (gating == 0) return biased ? Router::Gating::sigmoid : Router::Gating::softmax;
  return gating == 1 ? Router::Gating::softmax : Router::Gating::sigmoid;
}

// A bias marks V3, which scores a group by its two best experts; V2 does by the best. The file says neither.
Mixing read_sparse(Loader& f, int64_t i, const Hyper& h) {
  const std::string bias = block(i) + "exp_probs_b.bias";
  const bool biased = f.has(bias);
  const Router router{.gating = read_gating(f, biased),
                      .bias = biased ? f.vector(bias, read_expert_count(f)) : Tensor{},
                      .groups = f.integer("expert_group_count", 1, most_experts, 1),
                      .used_groups = f.integer("expert_group_used_count", 1, most_experts, 1),
                      .group_best = biased ? 2 : 1,
                      .normalize = f.flag("expert_weights_norm", false),
                      .scale = static_cast<float>(f.number("expert_weights_scale", 1e-6, 1e6, 1))};
  const int64_t shared = f.integer("expert_shared_count", 0, most_experts, 0);
  return read_experts(f, i, h, {.router = router, .shared = shared * f.integer("expert_feed_forward_length", 1, most_width)});
}

std::unique_ptr<Model> deepseek2(Loader& f) {
  const Hyper h = read_hyper(f);
  const LatentOptions latent = read_latent(f);
  const int64_t dense = f.integer("leading_dense_block_count", 0, most_layers, 0);
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{norm("attn_norm"), read_latent_attention(f, i, h, latent)}},
            {{norm("ffn_norm"), i < dense ? read_feed_forward(f, i, h, {}) : read_sparse(f, i, h)}}};
  });
}

LT_MODEL("deepseek2", deepseek2);

}  // namespace
}  // namespace lt::model
