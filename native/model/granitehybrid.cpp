// granitehybrid: Granite 4 hybrids, Bamba. Layers of Mamba 2 with one of attention now and then, each followed by experts with a shared one
// or by a feed-forward; what is embedded, scores, what is added and logits are scaled. Attention knows no positions, but in Bamba.
#include "model/decoder.h"
#include "model/state_space.h"

namespace lt::model {
namespace {

// rope.scaling.finetuned says whether heads are rotated at all. Rows of q and k are interleaved as whole heads: what turns together lies
// side by side, or, where half of a head turns, half a head apart, with pairs between that stay.
Rope read_granite_rope(Loader& f, int64_t dim) {
  if (!f.flag("rope.scaling.finetuned", true)) return {};
  const int64_t rotary = read_rotary(f, dim);
  if (rotary == dim) return read_rope(f, dim, {.neighbours = true});
  if (2 * rotary != dim) f.refuse("rope.dimension_count", "a whole head or a half of its " + std::to_string(dim), std::to_string(rotary));
  return read_rope(f, rotary, {.apart = 2});
}

std::unique_ptr<Model> granitehybrid(Loader& f) {
  const Hyper h = read_hyper(f);
  const auto scale = [&](const char* key) { return static_cast<float>(f.number(key, 1e-6, 1e6, 1)); };
  const AttentionOptions attention{.scale = f.number("attention.scale", 0, 1e6, 0),
                                   .rope = read_granite_rope(f, read_first_heads(f, h).key_dim)};
  const bool sparse = f.integer("expert_count", 0, most_experts, 0) > 0;
  const ExpertsOptions experts{.router = {.normalize = true},
                               .columns_key = "feed_forward_length",
                               .shared = f.integer("expert_shared_feed_forward_length", 0, most_width, 0)};
  const float added = scale("residual_scale");
  return decoder(f, h, {.embedding_scale = scale("embedding_scale"), .logit_scale = 1 / scale("logit_scale")},
                 [&](int64_t i) -> std::vector<Step> {
                   const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
                   const Mixing mix = attends(f, i) ? read_attention(f, i, h, attention) : read_mamba2(f, i, h, {});
                   return {{{norm("attn_norm"), mix, {}, added}}, maybe_apart(f, i, sparse, [&]() -> Step {
                             const Mixing feed = sparse ? read_experts(f, i, h, experts) : read_feed_forward(f, i, h, {});
                             return {{norm("ffn_norm"), feed, {}, added}};
                           })};
                 });
}

LT_MODEL("granitehybrid", granitehybrid);

}  // namespace
}  // namespace lt::model
