// exaone4: EXAONE 4. No norm before attention and feed-forward, one behind each; every head of q and k is normed before its rotation. Where
// there is a window, three layers of four have it and are rotated, and the fourth sees everything unrotated.
#include "model/decoder.h"
#include "model/windows.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> exaone4(Loader& f) {
  const Hyper h = read_hyper(f);
  const int64_t window = f.integer("attention.sliding_window", 0, most_context, 0);
  const Rope rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {});
  AttentionOptions attention{.query_key_norm = NormOf::head};
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const bool slides = window > 0 && has_window(f, i, 4);
    attention.rope = slides || window == 0 ? rope : Rope{}, attention.window = slides ? window : 0;
    return {{{{}, read_attention(f, i, h, attention), norm("post_attention_norm")}},
            {{{}, read_feed_forward(f, i, h, {}), norm("post_ffw_norm")}}};
  });
}

LT_MODEL("exaone4", exaone4);

}  // namespace
}  // namespace lt::model
