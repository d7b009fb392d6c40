// IBM Granite 3 and 4, dense.
#include <algorithm>

#include "convert/decoder.h"

namespace lt::convert {
namespace {

// A scale of 0 stands for none.
void describe_scales(const Config& config, Description& to) {
  const auto scale = [&](const char* key, const char* setting) {
    if (const double x = config.number(setting, 0, 1e6, 1); x != 0) to.number(key, x);
  };
  scale("attention.scale", "attention_multiplier");
  scale("embedding_scale", "embedding_multiplier");
  scale("residual_scale", "residual_multiplier");
  scale("logit_scale", "logits_scaling");
}

void describe(const Config& config, Description& to) {
  describe_llama(config, to);
  describe_scales(config, to);
}

// Granite 4's micro and others without recurrent layers and experts: what a hybrid's file says beside, it says too.
bool all_dense(const Config& config) {
  if (config.integer("num_local_experts", 0, 1 << 16, 0) > 0) return false;
  for (const json::Member m : config["layer_types"])
    if (m.value.string() != "attention") return false;
  return config.has("layer_types");
}

void describe_hybrid(const Config& config, Description& to) {
  describe(config, to);
  constexpr int64_t most = 1 << 20;
  const std::vector<int32_t> kv_heads(static_cast<size_t>(to.layers), static_cast<int32_t>(to.kv_heads));
  const int64_t mixed = config.integer("shared_intermediate_size", 1, most), heads = config.integer("mamba_n_heads", 1, 1 << 14);
  to.size("feed_forward", mixed, "shared_intermediate_size");
  to.size("gate_up", 2 * mixed, "2 x shared_intermediate_size");
  to.put("attention.head_count_kv", std::span<const int32_t>(kv_heads));
  to.integer("feed_forward_length", mixed);
  to.integer("expert_count", 0);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 0, most, 0));
  to.integer("expert_shared_feed_forward_length", mixed);
  to.integer("ssm.conv_kernel", config.integer("mamba_d_conv", 1, most));
  to.integer("ssm.state_size", config.integer("mamba_d_state", 1, most));
  to.integer("ssm.group_count", config.integer("mamba_n_groups", 1, most));
  to.integer("ssm.inner_size", heads * config.integer("mamba_d_head", 1, most));
  to.integer("ssm.time_step_rank", heads);
  to.put("rope.scaling.finetuned", config.string("position_embedding_type", "") == "rope");
}

std::vector<int64_t> granite_gates(const Description& d) {
  std::vector<int64_t> from;
  for (int64_t i = 0; i < d.of("feed_forward"); i++) from.push_back(i);
  return from;
}
std::vector<int64_t> granite_ups(const Description& d) {
  std::vector<int64_t> from = granite_gates(d);
  for (int64_t& row : from) row += d.of("feed_forward");
  return from;
}

Rules shared_mlp() {
  constexpr std::string_view input = "model.layers.{}.shared_mlp.input_linear.weight";
  return {
      {input, "blk.{}.ffn_gate.weight", everywhere, {"gate_up", "width"}, Change::none, {.rows = granite_gates}},
      {input, "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}, Change::none, {.rows = granite_ups}},
      {"model.layers.{}.shared_mlp.output_linear.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
  };
}

const Architecture granite{
    .name = "granite",
    .classes = {"GraniteForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({.q = neighbouring_queries, .k = neighbouring_keys}),
};
const Architecture granite4{
    .name = "granite",
    .classes = {"GraniteMoeHybridForCausalLM"},
    .describe = describe_hybrid,
    .tensors = joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"),
                       attention_rules({.q = neighbouring_queries, .k = neighbouring_keys}), shared_mlp()}),
    .serves = all_dense,
};
const RegisterArchitecture registered(granite), registered4(granite4);

}  // namespace
}  // namespace lt::convert
