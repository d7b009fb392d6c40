// LFM2 and LFM2-MoE.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// By name, or the numbers of those that attend.
std::vector<bool> attending_layers(const Config& config, int64_t layers) {
  if (config.has("layer_types")) return config.choices("layer_types", layers, "full_attention", "conv");
  std::vector<bool> attending(static_cast<size_t>(layers), !config.has("full_attn_idxs"));
  for (const json::Member m : config["full_attn_idxs"]) {
    const int64_t i = m.value.integer().value_or(-1);
    if (i < 0 || i >= layers) config.fail("full_attn_idxs", "expected numbers of layers, below " + std::to_string(layers));
    attending[static_cast<size_t>(i)] = true;
  }
  return attending;
}

void describe_layers(const Config& config, Description& to) {
  const std::vector<bool> attending = attending_layers(config, config.integer("num_hidden_layers", 1, 4096));
  for (const bool attends : attending) to.recurrent.push_back(!attends);
  to.kinds = "layer_types";
  describe_hybrid(config, to, attending);
  describe_context(config, to);
  describe_rope(config, to);
  describe_epsilon(config, to, "norm_eps", 1e-5);
  const int64_t kernel = config.integer("conv_L_cache", 2, 64, 3);
  to.size("kernel", kernel, "conv_L_cache");
  to.size("gated", 3 * to.of("width"), "3 x hidden_size");
  to.integer("shortconv.l_cache", kernel);
  to.integer("vocab_size", to.of("vocabulary"));
  config.expect_flag("conv_bias", false);
}

// Where it is to be adjusted, two thirds, times a factor, up to the next multiple.
int64_t feed_forward_of(const Config& config) {
  constexpr int64_t most = 1 << 20;
  const int64_t said = config.integer(config.has("block_ff_dim") ? "block_ff_dim" : "intermediate_size", 1, most);
  if (!config.boolean("block_auto_adjust_ff_dim", true)) return said;
  const int64_t multiple = config.integer("block_multiple_of", 1, most, 256);
  const auto scaled = static_cast<int64_t>(config.number("block_ffn_dim_multiplier", 1e-3, 1e3, 1) * static_cast<double>(2 * said / 3));
  return (scaled + multiple - 1) / multiple * multiple;
}

void describe_lfm2(const Config& config, Description& to) {
  describe_layers(config, to);
  describe_feed_forward(to, feed_forward_of(config));
}

void describe_lfm2moe(const Config& config, Description& to) {
  describe_layers(config, to);
  describe_feed_forward(to, config.integer("intermediate_size", 1, 1 << 20));
  const int64_t experts = config.integer("num_experts", 1, 1 << 16), columns = config.integer("moe_intermediate_size", 1, 1 << 20);
  const int64_t leading = config.integer("num_dense_layers", 0, to.layers, 2);
  for (int64_t i = 0; i < to.layers; i++) to.sparse.push_back(i >= leading);
  to.kinds = "layer_types or num_dense_layers";
  to.size("experts", experts, "num_experts");
  to.size("expert_feed_forward", columns, "moe_intermediate_size");
  to.integer("leading_dense_block_count", leading);
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts));
  to.integer("expert_feed_forward_length", columns);
  to.put("expert_gating_func", uint32_t{2});
  config.expect_flag("use_expert_bias", true);
  config.expect_flag("norm_topk_prob", true);
  config.expect_number("routed_scaling_factor", 1);
}

Rules layers() {
  return {
      {"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"model.embedding_norm.weight", "token_embd_norm.weight", everywhere, {"width"}},
      {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
      {"model.layers.{}.operator_norm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
      {"model.layers.{}.ffn_norm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
      {"model.layers.{}.conv.in_proj.weight", "blk.{}.shortconv.in_proj.weight", recurs, {"gated", "width"}},
      {"model.layers.{}.conv.out_proj.weight", "blk.{}.shortconv.out_proj.weight", recurs, {"width", "width"}},
      {"model.layers.{}.conv.conv.weight",
       "blk.{}.shortconv.conv.weight",
       recurs,
       {"width", "one", "kernel"},
       Change::exact,
       {.becomes = {"width", "kernel"}}},
      {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", attends, {"query", "width"}},
      {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", attends, {"key_value", "width"}},
      {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", attends, {"key_value", "width"}},
      {"model.layers.{}.self_attn.out_proj.weight", "blk.{}.attn_output.weight", attends, {"width", "query"}},
      {"model.layers.{}.self_attn.q_layernorm.weight", "blk.{}.attn_q_norm.weight", attends, {"head"}},
      {"model.layers.{}.self_attn.k_layernorm.weight", "blk.{}.attn_k_norm.weight", attends, {"head"}},
      {"model.layers.{}.feed_forward.w1.weight", "blk.{}.ffn_gate.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.feed_forward.w3.weight", "blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.feed_forward.w2.weight", "blk.{}.ffn_down.weight", dense, {"width", "feed_forward"}},
  };
}

Rules experts() {
  return joined({
      expert_rules("model.layers.{}.feed_forward.experts.{}.w1.weight", "model.layers.{}.feed_forward.experts.{}.w3.weight",
                   "model.layers.{}.feed_forward.experts.{}.w2.weight"),
      router_rules("model.layers.{}.feed_forward.gate.weight"),
      router_bias_rules("model.layers.{}.feed_forward.expert_bias"),
  });
}

const Architecture lfm2{
    .name = "lfm2",
    .classes = {"Lfm2ForCausalLM"},
    .describe = describe_lfm2,
    .tensors = layers(),
    .tied = true,
};
const Architecture lfm2moe{
    .name = "lfm2moe",
    .classes = {"Lfm2MoeForCausalLM"},
    .describe = describe_lfm2moe,
    .tensors = joined({layers(), experts()}),
    .tied = true,
};
const RegisterArchitecture registered_lfm2(lfm2), registered_lfm2moe(lfm2moe);

}  // namespace
}  // namespace lt::convert
