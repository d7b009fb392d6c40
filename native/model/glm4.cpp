// glm4: GLM-4-0414, GLM-Z1. Norms before and behind both halves of a layer; gate and up are one matrix; the first part of each head is
// rotated, pairs side by side.
#include "model/decoder.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> glm4(Loader& f) {
  const Hyper h = read_hyper(f);
  if (f.has_key("rope.dimension_sections")) f.refuse("rope.dimension_sections", "none: a model of text alone", "some");
  const AttentionOptions attention{.rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {.neighbours = true})};
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{norm("attn_norm"), read_attention(f, i, h, attention), norm("post_attention_norm")}},
            {{norm("ffn_norm"), read_feed_forward(f, i, h, {.fused = true}), norm("post_ffw_norm")}}};
  });
}

LT_MODEL("glm4", glm4);

}  // namespace
}  // namespace lt::model
