// deci: DeciLM and Llama-Nemotron, llamas that were pruned: layers have heads and columns of their own numbers, some no attention, some no
// feed-forward.
#include "model/decoder.h"

namespace lt::model {
namespace {

int64_t deci_heads(const Loader& f, int64_t i) {
  const int64_t heads = f.per_layer("attention.head_count", i, 0, most_heads);
  if (heads > 0 && f.per_layer("attention.head_count_kv", i, 0, most_heads, heads) == 0)
    f.refuse("attention.head_count_kv", "KV heads in layer " + std::to_string(i), "a matrix in place of its attention");
  return heads;
}

std::unique_ptr<Model> deci(Loader& f) {
  const Hyper h = read_hyper(f);
  int64_t attends = 0;
  while (attends < h.layers && deci_heads(f, attends) == 0) attends++;
  if (attends == h.layers) f.refuse("attention.head_count", "layers with attention", "none");
  const AttentionOptions attention{.rope = read_rope(f, read_rotary(f, read_heads(f, attends, h).key_dim), {.neighbours = true})};
  return decoder(f, h, {}, [&](int64_t i) {
    std::vector<Step> steps;
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    if (deci_heads(f, i) > 0) steps.push_back({{norm("attn_norm"), read_attention(f, i, h, attention)}});
    if (f.per_layer("feed_forward_length", i, 0, most_width) > 0) steps.push_back({{norm("ffn_norm"), read_feed_forward(f, i, h, {})}});
    return steps;
  });
}

LT_MODEL("deci", deci);

}  // namespace
}  // namespace lt::model
