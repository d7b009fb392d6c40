// gemma3: Gemma 3 (text). Norms before and behind both halves of a layer, norms on each head of q and k; five layers that see a window to
// one that sees all. The two kinds turn by different bases, and scaling concerns the full layers alone.
// gemma-embedding: the same layers as an encoder.
#include <cmath>

#include "model/decoder.h"

namespace lt::model {
namespace {

// The file has a number or a list; published ones have neither.
bool slides(const Loader& f, int64_t i) {
  const char* key = "attention.sliding_window_pattern";
  if (f.has_list(key)) return f.per_layer(key, i, 0, 1) != 0;
  const int64_t period = f.integer(key, 1, most_layers, 6);
  return i % period != period - 1;
}

std::unique_ptr<Model> gemma3(Loader& f, bool encodes) {
  const Hyper h = read_hyper(f);
  const Heads heads = read_heads(f, 0, h);
  const int64_t rotary = read_rotary(f, heads.key_dim), window = f.integer("attention.sliding_window", 0, most_context, 0);
  const Rope full = read_rope(f, rotary, {.base = 1e6});
  const Rope local = read_rope(f, rotary, {.base_key = "rope.freq_base_swa", .scaled = false});
  AttentionOptions attention{.query_key_norm = NormOf::head};
  // query_pre_attn_scalar is not in the file: it is the head's size, but for the 27B, known by its 62 layers.
  if (h.layers == 62) attention.scale = std::sqrt(static_cast<double>(heads.query) / static_cast<double>(h.width));
  const EndOptions ends{.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(h.width))),
                        .head = !encodes,
                        .logit_cap = static_cast<float>(f.number("final_logit_softcapping", 0, 1e6, 0)),
                        .looks_ahead = encodes};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const bool slide = window > 0 && slides(f, i);
    const int64_t back = encodes ? window / 2 + 1 : window, ahead = encodes ? window / 2 : -1;  // half to each side, both ends included
    attention.rope = slide ? local : full, attention.window = slide ? back : 0, attention.ahead = slide ? ahead : -1;
    return {{{norm("attn_norm"), read_attention(f, i, h, attention), norm("post_attention_norm")}},
            {{norm("ffn_norm"), read_feed_forward(f, i, h, {.map = {.act = Act::gelu_tanh}}), norm("post_ffw_norm")}}};
  });
}

LT_MODEL("gemma3", [](Loader& f) { return gemma3(f, false); });
LT_MODEL("gemma-embedding", [](Loader& f) { return gemma3(f, true); });

}  // namespace
}  // namespace lt::model
