// modern-bert: ModernBERT and what is made of it. An encoder: layer norms, q, k and v in one matrix, the first of every three layers sees
// the whole text and the others a window to both sides, with rotary bases of their own. The first layer has no norm before its attention:
// the one behind the token table serves it.
#include "model/decoder.h"

namespace lt::model {
namespace {

// A number, of which the first layer is full, or a list.
bool is_local(const Loader& f, int64_t i) {
  const char* key = "attention.sliding_window_pattern";
  if (f.has_list(key)) return f.per_layer(key, i, 0, 1) != 0;
  return i % f.integer(key, 1, most_layers, 3) != 0;
}

Act read_activation(const Loader& f) {
  const std::string name = f.text("hidden_activation", "gelu");
  if (name == "gelu") return Act::gelu;
  if (name == "gelu_pytorch_tanh") return Act::gelu_tanh;
  if (name != "silu") f.refuse("hidden_activation", "gelu, gelu_pytorch_tanh or silu", "\"" + name + "\"");
  return Act::silu;
}

std::unique_ptr<Model> modern_bert(Loader& f) {
  const Hyper h = read_hyper(f, true);
  if (f.flag("attention.causal", false)) f.refuse("attention.causal", "false", "true");
  const int64_t rotary = read_rotary(f, read_heads(f, 0, h).key_dim), half = f.integer("attention.sliding_window", 0, most_context, 0) / 2;
  const bool windows = half > 0;
  const Rope full = read_rope(f, rotary, {}), local = read_rope(f, rotary, {.base_key = "rope.freq_base_swa", .scaled = false});
  const FeedForwardOptions feed{.map = {.act = read_activation(f)}, .fused = true};
  const EndOptions ends{.embedding_norm = "token_embd_norm",
                        .head = false,
                        .looks_ahead = true,
                        .readout = {.ranks_by = Pooling::mean, .act = Act::gelu, .normed = true}};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    AttentionOptions attention{.fused = true, .rope = full};
    // Half of the window to each side, both ends included.
    if (windows && is_local(f, i)) attention.rope = local, attention.window = half + 1, attention.ahead = half;
    const std::string norm = block(i) + "attn_norm";
    const std::optional<Norm> before = i > 0 || f.has(norm + ".weight") ? std::optional(read_norm(f, norm, h.width, h)) : std::nullopt;
    return {{{before, read_attention(f, i, h, attention)}},
            {{read_norm(f, block(i) + "ffn_norm", h.width, h), read_feed_forward(f, i, h, feed)}}};
  });
}

LT_MODEL("modern-bert", modern_bert);

}  // namespace
}  // namespace lt::model
