// Jamba 1.x.
#include "convert/state_space.h"

namespace lt::convert {
namespace {

// Of every `period` layers the one at `offset`.
std::vector<bool> every(const Config& config, const char* period, const char* offset, int64_t layers) {
  const int64_t each = config.integer(period, 1, 4096), at = config.integer(offset, 0, each - 1);
  std::vector<bool> out;
  for (int64_t i = 0; i < layers; i++) out.push_back(i % each == at);
  return out;
}

void describe(const Config& config, Description& to) {
  const int64_t layers = config.integer("num_hidden_layers", 1, 4096), experts = config.integer("num_experts", 1, 1 << 16, 16);
  const std::vector<bool> attending = every(config, "attn_layer_period", "attn_layer_offset", layers);
  for (const bool attends : attending) to.recurrent.push_back(!attends);
  if (experts > 1) to.sparse = every(config, "expert_layer_period", "expert_layer_offset", layers);
  to.kinds = "attn_layer_period or expert_layer_period";
  describe_hybrid(config, to, attending);
  describe_context(config, to);
  describe_feed_forward(to, config.integer("intermediate_size", 1, 1 << 20));
  describe_mamba(config, to, {.kernel = "mamba_d_conv", .state = "mamba_d_state", .rank = "mamba_dt_rank", .expand = "mamba_expand"});
  describe_epsilon(config, to);
  to.size("expert_feed_forward", to.of("feed_forward"), "intermediate_size");
  to.size("experts", experts, "num_experts");
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts, 1));
  config.expect_text("hidden_act", "silu");
  config.expect_flag("mamba_proj_bias", false);
}

Rules outside() {
  return {
      {"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"model.final_layernorm.weight", "output_norm.weight", everywhere, {"width"}},
      {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
      {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
      {"model.layers.{}.pre_ff_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
      {"model.layers.{}.mamba.dt_layernorm.weight", "blk.{}.ssm_dt_norm.weight", recurs, {"rank"}},
      {"model.layers.{}.mamba.b_layernorm.weight", "blk.{}.ssm_b_norm.weight", recurs, {"state"}},
      {"model.layers.{}.mamba.c_layernorm.weight", "blk.{}.ssm_c_norm.weight", recurs, {"state"}},
  };
}

Rules feeding() {
  return joined({
      expert_rules("model.layers.{}.feed_forward.experts.{}.gate_proj.weight", "model.layers.{}.feed_forward.experts.{}.up_proj.weight",
                   "model.layers.{}.feed_forward.experts.{}.down_proj.weight"),
      router_rules("model.layers.{}.feed_forward.router.weight"),
      {{"model.layers.{}.feed_forward.gate_proj.weight", "blk.{}.ffn_gate.weight", dense, {"feed_forward", "width"}},
       {"model.layers.{}.feed_forward.up_proj.weight", "blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
       {"model.layers.{}.feed_forward.down_proj.weight", "blk.{}.ffn_down.weight", dense, {"width", "feed_forward"}}},
  });
}

const Architecture jamba{
    .name = "jamba",
    .classes = {"JambaForCausalLM"},
    .describe = describe,
    .tensors = joined({outside(), attention_rules({.held = attends}), mamba_rules("model.layers.{}.mamba.", recurs), feeding()}),
};
const RegisterArchitecture registered_jamba(jamba);

}  // namespace
}  // namespace lt::convert
