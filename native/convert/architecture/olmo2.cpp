// OLMo 2 and 3, and EXAONE 4: norms behind attention and feed-forward, none before.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// The layers of a window, where there is one.
void describe_windows(const Config& config, Description& to, std::vector<bool> slides) {
  if (!config.has("sliding_window")) return;
  for (int64_t i = 0; slides.size() < static_cast<size_t>(to.layers); i++) slides.push_back((i + 1) % 4 != 0);
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
  to.flags("attention.sliding_window_pattern", slides);
}

void describe_olmo(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_epsilon(config, to);
  describe_rope_by_kind(config, to);
  describe_windows(config, to, windows_of(config, to));
  config.expect_text("hidden_act", "silu");
  config.expect_flag("attention_bias", false);
}

// Of folders without layer_types a pattern of letters, G for a layer without a window, or a number.
std::vector<bool> exaone_windows(const Config& config, const Description& to) {
  std::vector<bool> slides = windows_of(config, to);
  const json::Value pattern = config["sliding_window_pattern"];
  if (!slides.empty() || !pattern) return slides;
  const auto letters = pattern.string();
  const int64_t period = letters ? static_cast<int64_t>(letters->size()) : config.integer("sliding_window_pattern", 0, 4096);
  for (int64_t i = 0; period > 0 && i < to.layers; i++)
    slides.push_back(letters ? (*letters)[static_cast<size_t>(i % period)] != 'G' : (i + 1) % period != 0);
  return slides;
}

void describe_exaone(const Config& config, Description& to) {
  describe_decoder(config, to);
  to.integer("vocab_size", to.of("vocabulary"));
  describe_windows(config, to, exaone_windows(config, to));
}

Rules rules(std::string_view of_queries, std::string_view of_keys) {
  return joined({outer_rules(),
                 attention_rules(),
                 feed_forward_rules(),
                 {{"model.layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight", everywhere, {"width"}},
                  {"model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight", everywhere, {"width"}},
                  {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", everywhere, {of_queries}},
                  {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", everywhere, {of_keys}}}});
}

const Architecture olmo2{
    .name = "olmo2",
    .classes = {"Olmo2ForCausalLM", "Olmo3ForCausalLM"},
    .describe = describe_olmo,
    .tensors = rules("query", "key_value"),
};
const RegisterArchitecture olmo(olmo2);

const Architecture exaone4{
    .name = "exaone4",
    .classes = {"Exaone4ForCausalLM"},
    .describe = describe_exaone,
    .tensors = rules("head", "head"),
};
const RegisterArchitecture exaone(exaone4);

}  // namespace
}  // namespace lt::convert
