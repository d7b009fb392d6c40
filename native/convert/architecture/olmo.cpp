// AI2 OLMo 1 and 1.7.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_rope(config, to);
  // The model's norms have this one, whatever config.json says; the other key has no meaning, and is there in other converters' files.
  if (config.has("rms_norm_eps")) describe_epsilon(config, to);
  to.number("attention.layer_norm_epsilon", 1e-5);
  if (config.has("clip_qkv")) to.number("attention.clamp_kqv", config.number("clip_qkv", 1e-6, 1e6, 0));
  config.expect_text("hidden_act", "silu");
}

const Architecture olmo{
    .name = "olmo",
    .classes = {"OlmoForCausalLM", "OLMoForCausalLM"},
    .describe = describe,
    .tensors = joined({{{"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
                        {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}}},
                       attention_rules({.q = neighbouring_queries, .k = neighbouring_keys}),
                       feed_forward_rules()}),
};
const RegisterArchitecture registered(olmo);

}  // namespace
}  // namespace lt::convert
