// plamo2: PLaMo 2. Layers of Mamba with heads, and every so many one of attention whose heads' queries and keys are normed by weights of
// their own; norms behind both halves of a layer, whose names have no ".weight". Files of llama.cpp do not say that attention has a window.
#include "model/decoder.h"
#include "model/state_space.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> plamo2(Loader& f) {
  const Hyper h = read_hyper(f);
  const int64_t window = f.integer("attention.sliding_window", 1, most_context, 0);
  const bool by_layer = f.has_list("attention.sliding_window_pattern");
  AttentionOptions attention{.query_key_norm = NormOf::each, .fused = true};
  attention.rope = read_rope(f, read_rotary(f, read_first_heads(f, h).key_dim), {});
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto before = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const auto behind = [&](const char* name) { return Norm{.w = f.vector(block(i) + name, h.width), .eps = h.eps}; };
    attention.window = !by_layer || f.per_layer("attention.sliding_window_pattern", i, 0, 1) ? window : 0;
    const Mixing mix = attends(f, i) ? read_attention(f, i, h, attention) : read_headed_mamba(f, i, h);
    return {{{before("attn_norm"), mix, behind("post_attention_norm")}},
            {{before("ffn_norm"), read_feed_forward(f, i, h, {.fused = true}), behind("post_ffw_norm")}}};
  });
}

LT_MODEL("plamo2", plamo2);

}  // namespace
}  // namespace lt::model
