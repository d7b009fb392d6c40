// gemma2: Gemma 2. As gemma, with norms behind both halves of a layer too, a window in every other layer (the first has it), and soft caps
// on scores and on logits.
#include <cmath>

#include "model/decoder.h"

namespace lt::model {
namespace {

// query_pre_attn_scalar is not in files: it is the head's size, but for the 27B, known by its 46 layers. Of folders the scale is said.
double gemma2_scale(const Loader& f, const Hyper& h, const Heads& heads) {
  const double usual =
      h.layers == 46 ? static_cast<double>(h.width) / static_cast<double>(heads.query) : static_cast<double>(heads.key_dim);
  return f.number("attention.scale", 1e-6, 1e6, 1 / std::sqrt(usual));
}

std::unique_ptr<Model> gemma2(Loader& f) {
  const Hyper h = read_hyper(f);
  const Heads heads = read_heads(f, 0, h);
  const int64_t window = f.integer("attention.sliding_window", 1, most_context, 4096);
  AttentionOptions attention{.scale = gemma2_scale(f, h, heads),
                             .cap = static_cast<float>(f.number("attn_logit_softcapping", 0, 1e6, 50)),
                             .rope = read_rope(f, read_rotary(f, heads.key_dim), {})};
  const EndOptions ends{.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(h.width))),
                        .logit_cap = static_cast<float>(f.number("final_logit_softcapping", 0, 1e6, 30))};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    attention.window = i % 2 == 0 ? window : 0;
    return {{{norm("attn_norm"), read_attention(f, i, h, attention), norm("post_attention_norm")}},
            {{norm("ffn_norm"), read_feed_forward(f, i, h, {.map = {.act = Act::gelu_tanh}}), norm("post_ffw_norm")}}};
  });
}

LT_MODEL("gemma2", gemma2);

}  // namespace
}  // namespace lt::model
