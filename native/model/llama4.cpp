// llama4: Llama 4 Scout and Maverick. Three layers that rotate and see their chunk of the text, then one that does neither and scales its
// queries by their place. Every so many layers have experts, whose weights scale what they read, beside a shared one; the others are
// dense. None of the constants is in the file.
#include "model/decoder.h"

namespace lt::model {
namespace {

constexpr int64_t chunk = 8192, period = 4;

std::unique_ptr<Model> llama4(Loader& f) {
  if (f.has_key("attention.sliding_window"))
    f.refuse("attention.sliding_window", "no such key", "one, which layers of other kinds than Llama 4's have");
  const Hyper h = read_hyper(f);
  const int64_t experts = read_expert_count(f), columns = f.integer("expert_feed_forward_length", 1, most_width);
  // Maverick, known by its 128 experts, does not norm queries and keys.
  AttentionOptions near{.query_key_norm = experts == 128 ? NormOf::none : NormOf::head, .norm_weights = false, .norm_last = true};
  near.chunk = chunk, near.rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {.neighbours = true});
  const AttentionOptions far{.temperature = read_temperature(f, 0.1, chunk, 1)};
  const ExpertsOptions sparse{.router = {.gating = Router::Gating::sigmoid}, .scales_input = true, .shared = columns};
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{norm("attn_norm"), read_attention(f, i, h, (i + 1) % period == 0 ? far : near)}},
            maybe_apart(f, i, is_sparse(f, i), [&]() -> Step {
              return {{norm("ffn_norm"), is_sparse(f, i) ? read_experts(f, i, h, sparse) : read_feed_forward(f, i, h, {})}};
            })};
  });
}

LT_MODEL("llama4", llama4);

}  // namespace
}  // namespace lt::model
