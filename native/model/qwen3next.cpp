// qwen3next, qwen35, qwen35moe: Qwen3-Next and Qwen3.5. Three layers of the gated delta rule to one of attention, whose result is gated and
// whose rotation turns the first quarter of a head; experts with a gated shared one, or a dense feed-forward. In Qwen3.5 value heads are
// tiled over key heads, and its rope.dimension_sections (several axes) change nothing for text, whose axes turn alike.
#include "model/decoder.h"
#include "model/delta_rule.h"

namespace lt::model {
namespace {

// The file says it by layer; older files say which are not.
bool recurs(const Loader& f, int64_t i) {
  const char* key = "attention.recurrent_layers";
  if (f.has_key(key)) return f.per_layer(key, i, 0, 1) != 0;
  return (i + 1) % f.integer("full_attention_interval", 1, most_layers, 4) != 0;
}

Mixing read_gated_experts(Loader& f, int64_t i, const Hyper& h) {
  return read_experts(
      f, i, h,
      {.router = {.normalize = true}, .shared = f.integer("expert_shared_feed_forward_length", 1, most_width), .shared_gate = true});
}

std::unique_ptr<Model> qwen(Loader& f, const DeltaOptions& delta, bool sparse) {
  const Hyper h = read_hyper(f);
  for (int64_t i = 0; i < h.layers; i++)
    if (const std::string name = block(i) + "ssm_in.weight"; f.has(name))
      throw Error(Code::unsupported, "tensor " + name + ": expected attn_qkv, attn_gate and ssm_ba in its place; convert the model anew");
  const Rope rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {});
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const Mixing first = recurs(f, i) ? read_delta_rule(f, i, h, delta)
                                      : read_attention(f, i, h, {.query_key_norm = NormOf::head, .gated = true, .rope = rope});
    return {{{norm("attn_norm"), first}}, maybe_apart(f, i, sparse, [&]() -> Step {
              return {{norm("post_attention_norm"), sparse ? read_gated_experts(f, i, h) : read_feed_forward(f, i, h, {})}};
            })};
  });
}

LT_MODEL("qwen3next", [](Loader& f) { return qwen(f, {.joined = true}, true); });
LT_MODEL("qwen35", [](Loader& f) { return qwen(f, {.tiled = true}, false); });
LT_MODEL("qwen35moe", [](Loader& f) { return qwen(f, {.tiled = true}, true); });

}  // namespace
}  // namespace lt::model
