// Phi-3.5-MoE.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.factors = true, .magnitudes = true});
  describe_experts(config, to, {.count = "num_local_experts", .columns = "intermediate_size", .writes_columns = false});
  to.integer("rope.dimension_count", to.head_dim);
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30, 0));
  config.expect_number("router_jitter_noise", 0.01);  // GGUF has no key for it
}

Rules phimoe_norm(std::string_view from, std::string_view weight, std::string_view from_bias, std::string_view bias) {
  return {{from, weight, everywhere, {"width"}}, {from_bias, bias, everywhere, {"width"}}};
}

const Architecture phimoe{
    .name = "phimoe",
    .classes = {"PhiMoEForCausalLM", "PhimoeForCausalLM"},
    .describe = describe,
    .tensors = joined({
        outer_rules(),
        phimoe_norm("model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.bias",
                    "blk.{}.attn_norm.bias"),
        phimoe_norm("model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight",
                    "model.layers.{}.post_attention_layernorm.bias", "blk.{}.ffn_norm.bias"),
        {{"model.norm.bias", "output_norm.bias", everywhere, {"width"}}, {"lm_head.bias", "output.bias", nullptr, {"vocabulary"}}},
        attention_rules(),
        expert_rules("model.layers.{}.block_sparse_moe.experts.{}.w1.weight", "model.layers.{}.block_sparse_moe.experts.{}.w3.weight",
                     "model.layers.{}.block_sparse_moe.experts.{}.w2.weight"),
        router_rules("model.layers.{}.block_sparse_moe.gate.weight"),
    }),
};
const RegisterArchitecture registered(phimoe);

}  // namespace
}  // namespace lt::convert
