// Gemma 1 and 2.
#include <cmath>

#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe_both(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_epsilon(config, to);
  describe_rope(config, to, {.unsaid = 10000});
  config.expect_text("hidden_activation", "gelu_pytorch_tanh");  // hidden_act, which older folders have, is not what was trained with
  config.expect_flag("attention_bias", false);
  config.expect_flag("use_bidirectional_attention", false);
}

// GGUF has no key for the scale of queries: it follows from the head, in the 27B, which is known by its layers, from the width.
void describe_second(const Config& config, Description& to) {
  describe_both(config, to);
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30, 4096));
  to.number("attn_logit_softcapping", config.number("attn_logit_softcapping", 50));
  to.number("final_logit_softcapping", config.number("final_logit_softcapping", 30));
  expect_windows(config, to, 2);
  constexpr int64_t layers_of_27b = 46;
  const auto usual = static_cast<double>(to.layers == layers_of_27b ? to.of("width") / to.heads : to.head_dim);
  const double scalar = config.number("query_pre_attn_scalar", 1e-6, 1e6, 256);
  if (scalar == usual) return;
  to.number("attention.scale", 1 / std::sqrt(scalar));
  to.folder_only(config, "query_pre_attn_scalar");
}

constexpr Default defaults[] = {{"head_dim", 256}};

Rules rules(std::string_view second, const Rules& more) {
  return joined({outer_rules(Change::plus_one), norm_rules(second, Change::plus_one), attention_rules(), feed_forward_rules(), more});
}

const Architecture gemma{
    .name = "gemma",
    .classes = {"GemmaForCausalLM"},
    .describe = describe_both,
    .tensors = rules("blk.{}.ffn_norm.weight", {}),
    .tied = true,
    .defaults = defaults,
};
const RegisterArchitecture first(gemma);

const Architecture gemma2{
    .name = "gemma2",
    .classes = {"Gemma2ForCausalLM"},
    .describe = describe_second,
    .tensors = rules(
        "blk.{}.post_attention_norm.weight",
        {{"model.layers.{}.pre_feedforward_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}, Change::plus_one},
         {"model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight", everywhere, {"width"}, Change::plus_one}}),
    .tied = true,
    .defaults = defaults,
};
const RegisterArchitecture second(gemma2);

}  // namespace
}  // namespace lt::convert
