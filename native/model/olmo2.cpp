// olmo2: OLMo 2 and 3. No norm before attention and feed-forward, one behind each; q and k are normed over all their heads together. OLMo 3
// gives three layers of four a window; what the file says about scaling concerns the others alone.
#include "model/decoder.h"
#include "model/windows.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> olmo2(Loader& f) {
  const Hyper h = read_hyper(f);
  const int64_t rotary = read_rotary(f, read_heads(f, 0, h).key_dim), window = f.integer("attention.sliding_window", 0, most_context, 0);
  const Rope full = read_rope(f, rotary, {});
  const Rope local =
      read_rope(f, rotary, {.base_key = f.has_key("rope.freq_base_swa") ? "rope.freq_base_swa" : "rope.freq_base", .scaled = window == 0});
  AttentionOptions attention{.query_key_norm = NormOf::row};
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const bool slides = window > 0 && has_window(f, i, 4);
    attention.rope = slides ? local : full, attention.window = slides ? window : 0;
    return {{{{}, read_attention(f, i, h, attention), norm("post_attention_norm")}},
            {{{}, read_feed_forward(f, i, h, {}), norm("post_ffw_norm")}}};
  });
}

LT_MODEL("olmo2", olmo2);

}  // namespace
}  // namespace lt::model
