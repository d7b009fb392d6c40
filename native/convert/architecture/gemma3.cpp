// Gemma 3, text.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr int64_t period = 6;  // five layers with a window, then one without; GGUF files do not say so

// Those of transformers' Gemma3TextConfig, which folders of the larger models rely on.
constexpr Default defaults[] = {{"vocab_size", 262208}, {"num_attention_heads", 8},     {"num_key_value_heads", 4},
                                {"head_dim", 256},      {"query_pre_attn_scalar", 256}, {"max_position_embeddings", 131072}};

void check_windows(const Config& config, const Description& to) {
  for (const char* key : {"sliding_window_pattern", "_sliding_window_pattern"}) config.expect_number(key, static_cast<double>(period));
  const std::vector<bool> slides = config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
  for (size_t i = 0; i < slides.size(); i++)
    if (slides[i] != ((i + 1) % period != 0))
      config.unsupported("layer_types", "expected every sixth layer, and no other, without a window");
}

// GGUF has no key for the scale of queries: it follows from the head, in the 27B, which is known by its layers, from the width.
void check_scale(const Config& config, const Description& to) {
  constexpr int64_t layers_of_27b = 62;
  config.expect_number("query_pre_attn_scalar", static_cast<double>(to.layers == layers_of_27b ? to.of("width") / to.heads : to.head_dim));
}

void describe_layers(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_epsilon(config, to);
  describe_two_ropes(config, to, {"rope_theta", 1e6}, {"rope_local_base_freq", 1e4}, true);
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
  if (config.has("final_logit_softcapping")) to.number("final_logit_softcapping", config.number("final_logit_softcapping", 0));
  if (config.has("attn_logit_softcapping")) config.unsupported("attn_logit_softcapping", "gemma3 caps no scores");
  config.expect_text("hidden_activation", "gelu_pytorch_tanh");
  check_windows(config, to);
  check_scale(config, to);
}

void describe(const Config& config, Description& to) {
  describe_layers(config, to);
  config.expect_flag("use_bidirectional_attention", false);
}

bool is_encoder(const FolderOf& folder) { return folder.config.boolean("use_bidirectional_attention", false); }

const Rules layer_rules = joined({
    outer_rules(Change::plus_one),
    norm_rules("blk.{}.post_attention_norm.weight", Change::plus_one),
    {{"model.layers.{}.pre_feedforward_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}, Change::plus_one},
     {"model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight", everywhere, {"width"}, Change::plus_one}},
    attention_rules(),
    head_norm_rules(Change::plus_one),
    feed_forward_rules(),
});

const Architecture gemma3{
    .name = "gemma3",
    .classes = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
    .describe = describe,
    .tensors = layer_rules,
    .tied = true,
    .inner = "text_config",
    .defaults = defaults,
    .renamed = {{"model.language_model.", "model."}, {"language_model.", ""}},
    .passed_over = {"vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."},
};
const RegisterArchitecture registered(gemma3);

// EmbeddingGemma.
const Architecture gemma_embedding{
    .name = "gemma-embedding",
    .classes = {"Gemma3TextModel"},
    .describe = describe_layers,
    .tensors = layer_rules,
    .tied = true,
    .pools = true,
    .defaults = defaults,
    .renamed = {{"embed_tokens.", "model.embed_tokens."}, {"layers.", "model.layers."}, {"norm.", "model.norm."}},
    .is = is_encoder,
};
const RegisterArchitecture registered_embedding(gemma_embedding);

}  // namespace
}  // namespace lt::convert
