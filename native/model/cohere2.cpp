// cohere2: Command R7B, Command A, Aya Expanse and Vision (text). As command-r; three layers of four have a window and are rotated, the
// fourth sees everything unrotated.
#include "model/decoder.h"
#include "model/windows.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> cohere2(Loader& f) {
  const Hyper h = read_hyper(f, true);
  const int64_t window = f.integer("attention.sliding_window", 1, most_context);
  const Rope rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {.neighbours = true});
  const EndOptions ends{.logit_scale = static_cast<float>(f.number("logit_scale", 0, 1e6, 1))};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    const bool slides = has_window(f, i, 4);
    const AttentionOptions attention{.window = slides ? window : 0, .rope = slides ? rope : Rope{}};
    const Norm norm = read_norm(f, block(i) + "attn_norm", h.width, h);
    return {{{norm, read_attention(f, i, h, attention)}, {norm, read_feed_forward(f, i, h, {})}}};
  });
}

LT_MODEL("cohere2", cohere2);

}  // namespace
}  // namespace lt::model
