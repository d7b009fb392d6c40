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

// A bias marks V3, which scores a group by its two best experts; V2 does by the best. The file says neither.
Mixing read_sparse(Loader& f, int64_t i, const Hyper& h) {
  const bool biased = f.has(block(i) + "exp_probs_b.bias");
  Router router = read_router(f, biased ? Router::Gating::sigmoid : Router::Gating::softmax);
  router.group_best = biased ? 2 : 1;
  return read_experts(f, i, h, {.router = router, .biased = biased, .shared = read_shared_columns(f)});
}

std::unique_ptr<Model> deepseek2(Loader& f) {
  const Hyper h = read_hyper(f);
  const LatentOptions latent = read_latent(f);
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{norm("attn_norm"), read_latent_attention(f, i, h, latent)}}, maybe_apart(f, i, is_sparse(f, i), [&]() -> Step {
              return {{norm("ffn_norm"), is_sparse(f, i) ? read_sparse(f, i, h) : read_feed_forward(f, i, h, {})}};
            })};
  });
}

LT_MODEL("deepseek2", deepseek2);

}  // namespace
}  // namespace lt::model
