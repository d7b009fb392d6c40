// Granite 4 hybrids, with experts or without, and Bamba.
#include <numeric>

#include "convert/state_space.h"

namespace lt::convert {
namespace {

constexpr Mamba2Keys keys{
    .kernel = "mamba_d_conv", .state = "mamba_d_state", .groups = "mamba_n_groups", .heads = "mamba_n_heads", .head = "mamba_d_head"};

void describe_layers(const Config& config, Description& to, const std::vector<bool>& attending, bool rotates) {
  for (const bool attends : attending) to.recurrent.push_back(!attends);
  describe_hybrid(config, to, attending);
  describe_mamba2(config, to, keys);
  describe_rope(config, to);
  describe_epsilon(config, to);
  to.integer("vocab_size", to.of("vocabulary"));
  to.put("rope.scaling.finetuned", rotates);  // in this family: whether heads are rotated at all
  config.expect_text("hidden_act", "silu");
  config.expect_flag("mamba_proj_bias", false);
}

bool has_layers_of_mamba(const Config& config) {
  for (const json::Member m : config["layer_types"])
    if (m.value.string() == "mamba") return true;
  return false;
}
bool has_experts(const Config& config) { return config.integer("num_local_experts", 0, 1 << 16, 8) > 0; }

void describe_granite(const Config& config, Description& to) {
  const std::vector<bool> attending = config.choices("layer_types", config.integer("num_hidden_layers", 1, 4096), "attention", "mamba");
  const bool rotates = config.string("position_embedding_type", "nope") == "rope";
  describe_layers(config, to, attending, rotates);
  to.kinds = "layer_types";
  to.integer("rope.dimension_count", to.head_dim);
  if (rotates)
    describe_context(config, to);
  else
    to.integer("context_length", unbounded);
  to.number("attention.scale", config.number("attention_multiplier", 1));
  to.number("embedding_scale", config.number("embedding_multiplier", 1));
  to.number("residual_scale", config.number("residual_multiplier", 1));
  to.number("logit_scale", config.number("logits_scaling", 1));
  const int64_t shared = config.integer("shared_intermediate_size", 1, 1 << 20);
  to.size("shared_feed_forward", shared, "shared_intermediate_size");
  to.size("shared_gate_up", 2 * shared, "2 x shared_intermediate_size");
  to.integer("expert_shared_feed_forward_length", shared);
}

void describe_sparse(const Config& config, Description& to) {
  describe_granite(config, to);
  const int64_t experts = config.integer("num_local_experts", 1, 1 << 16), columns = config.integer("intermediate_size", 1, 1 << 20);
  to.sparse.assign(static_cast<size_t>(to.layers), true);
  describe_feed_forward(to, columns);
  to.size("experts", experts, "num_local_experts");
  to.size("expert_feed_forward", columns, "intermediate_size");
  to.size("expert_gate_up", 2 * columns, "2 x intermediate_size");
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts));
}

// What other folders have beside experts is all of the feed-forward.
void describe_dense(const Config& config, Description& to) {
  describe_granite(config, to);
  describe_feed_forward(to, to.of("shared_feed_forward"));
  to.integer("expert_count", 0);
  to.integer("expert_used_count", 0);
}

void describe_bamba(const Config& config, Description& to) {
  std::vector<bool> attending(static_cast<size_t>(config.integer("num_hidden_layers", 1, 4096)), false);
  for (const json::Member m : config["attn_layer_indices"]) {
    const int64_t i = m.value.integer().value_or(-1);
    if (i < 0 || i >= std::ssize(attending)) config.fail("attn_layer_indices", "expected numbers of layers");
    attending[static_cast<size_t>(i)] = true;
  }
  describe_layers(config, to, attending, true);
  to.kinds = "attn_layer_indices";
  describe_context(config, to);
  describe_feed_forward(to, config.integer("intermediate_size", 1, 1 << 20));
  config.expect_flag("mlp_bias", false);
}

// Of the rows that make gates and then what they scale, either half.
std::vector<int64_t> half(const Description& d, int64_t which) {
  const int64_t count = d.of("shared_feed_forward");
  std::vector<int64_t> from(static_cast<size_t>(count));
  std::iota(from.begin(), from.end(), which * count);
  return from;
}
std::vector<int64_t> shared_gates(const Description& d) { return half(d, 0); }
std::vector<int64_t> shared_ups(const Description& d) { return half(d, 1); }

Rules shared_rules(std::string_view gate, std::string_view up, std::string_view down) {
  constexpr std::string_view both = "model.layers.{}.shared_mlp.input_linear.weight";
  return {
      {both, gate, everywhere, {"shared_gate_up", "width"}, Change::none, {.rows = shared_gates}},
      {both, up, everywhere, {"shared_gate_up", "width"}, Change::none, {.rows = shared_ups}},
      {"model.layers.{}.shared_mlp.output_linear.weight", down, everywhere, {"width", "shared_feed_forward"}},
  };
}

Rules mixers() {
  return joined({
      attention_rules({.held = attends, .q = neighbouring_queries, .k = neighbouring_keys}),
      mamba2_rules("model.layers.{}.mamba.", recurs),
  });
}

Rules granite_rules() { return joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), mixers()}); }

Rules bamba_rules() {
  return joined({{{"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
                  {"model.final_layernorm.weight", "output_norm.weight", everywhere, {"width"}},
                  {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
                  {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
                  {"model.layers.{}.pre_ff_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
                  {"model.layers.{}.feed_forward.gate_proj.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}},
                  {"model.layers.{}.feed_forward.up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
                  {"model.layers.{}.feed_forward.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}},
                 mixers()});
}

const Architecture granite_of_experts{
    .name = "granitehybrid",
    .classes = {"GraniteMoeHybridForCausalLM"},
    .describe = describe_sparse,
    .tensors = joined({granite_rules(),
                       joint_expert_rules("model.layers.{}.block_sparse_moe.input_linear.weight",
                                          "model.layers.{}.block_sparse_moe.output_linear.weight"),
                       router_rules("model.layers.{}.block_sparse_moe.router.layer.weight"),
                       shared_rules("blk.{}.ffn_gate_shexp.weight", "blk.{}.ffn_up_shexp.weight", "blk.{}.ffn_down_shexp.weight")}),
    .serves = [](const Config& config) { return has_layers_of_mamba(config) && has_experts(config); },
};
const Architecture granite_dense{
    .name = "granitehybrid",
    .classes = {"GraniteMoeHybridForCausalLM"},
    .describe = describe_dense,
    .tensors = joined({granite_rules(), shared_rules("blk.{}.ffn_gate.weight", "blk.{}.ffn_up.weight", "blk.{}.ffn_down.weight")}),
    .serves = [](const Config& config) { return has_layers_of_mamba(config) && !has_experts(config); },
};
const Architecture bamba{
    .name = "granitehybrid",
    .classes = {"BambaForCausalLM"},
    .describe = describe_bamba,
    .tensors = bamba_rules(),
};
const RegisterArchitecture registered_experts(granite_of_experts), registered_dense(granite_dense), registered_bamba(bamba);

}  // namespace
}  // namespace lt::convert
