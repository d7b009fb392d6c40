// falcon: Falcon 7B, 40B, 180B, Falcon 2. Attention and feed-forward read the same rows by one layer norm, in the larger models each by its
// own, where attn_norm is the feed-forward's; no gate, exact GELU.
#include "model/decoder.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> falcon(Loader& f) {
  const Hyper h = read_hyper(f, true);
  // Rows of q, k and v lie one behind the other, in the folder by groups of heads.
  if (const std::string layout = f.text("tensor_data_layout", "jploski"); layout != "jploski")
    f.refuse("tensor_data_layout", "jploski", "\"" + layout + "\"");
  const AttentionOptions attention{.fused = true, .rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {})};
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    // No key tells the two kinds apart.
    const Norm feeds = norm("attn_norm"), attends = f.has(block(i) + "attn_norm_2.weight") ? norm("attn_norm_2") : feeds;
    return {
        {{attends, read_attention(f, i, h, attention)}, {feeds, read_feed_forward(f, i, h, {.map = {.act = Act::gelu}, .gated = false})}}};
  });
}

LT_MODEL("falcon", falcon);

}  // namespace
}  // namespace lt::model
