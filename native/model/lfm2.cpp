// lfm2, lfm2moe: LFM2. Most layers mix rows by a gated short convolution, some by attention with a norm on each head of q and k. In lfm2moe
// all but the leading layers have experts, chosen by sigmoid and bias and weighed by their share of the chosen ones' sigmoids. The last
// norm is called token_embd_norm.
#include "model/decoder.h"
#include "model/short_convolution.h"

namespace lt::model {
namespace {

Mixing read_lfm2_experts(Loader& f, int64_t i, const Hyper& h) {
  if (const int64_t gating = f.integer("expert_gating_func", 0, 1 << 16); gating != 2)
    f.refuse("expert_gating_func", "2 (sigmoid)", std::to_string(gating));
  return read_experts(f, i, h,
                      {.router = {.gating = Router::Gating::sigmoid,
                                  .bias = f.vector(block(i) + "exp_probs_b.bias", read_expert_count(f)),
                                  .normalize = true,
                                  .scale = static_cast<float>(f.number("expert_weights_scale", 1e-6, 1e6, 1))}});
}

std::unique_ptr<Model> lfm2(Loader& f, bool sparse) {
  const Hyper h = read_hyper(f);
  const AttentionOptions attention{.query_key_norm = NormOf::head,
                                   .window = f.integer("attention.sliding_window", 0, most_context, 0),
                                   .rope = read_rope(f, read_rotary(f, read_first_heads(f, h).key_dim), {})};
  const int64_t dense = sparse ? f.integer("leading_dense_block_count", 0, most_layers, 0) : h.layers;
  return decoder(f, h, {.norm = "token_embd_norm"}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const Mixing mix = attends(f, i) ? read_attention(f, i, h, attention) : read_short_convolution(f, i, h);
    return {{{norm("attn_norm"), mix}}, maybe_apart(f, i, i >= dense, [&]() -> Step {
              return {{norm("ffn_norm"), i < dense ? read_feed_forward(f, i, h, {}) : read_lfm2_experts(f, i, h)}};
            })};
  });
}

LT_MODEL("lfm2", [](Loader& f) { return lfm2(f, false); });
LT_MODEL("lfm2moe", [](Loader& f) { return lfm2(f, true); });

}  // namespace
}  // namespace lt::model
