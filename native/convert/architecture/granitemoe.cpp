// Granite 3 with experts, and with a shared one.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_experts(config, to, {.count = "num_local_experts", .columns = "intermediate_size", .writes_columns = false});
  const int64_t shared = config.integer("shared_intermediate_size", 0, 1 << 20, 0);
  describe_shared_expert(to, shared, "shared_intermediate_size");
  to.size("shared_gate_up", 2 * shared, "2 x shared_intermediate_size");
  to.kinds = "shared_intermediate_size";
  if (shared > 0) to.integer("expert_shared_feed_forward_length", shared);
  to.integer("vocab_size", to.of("vocabulary"));
  to.integer("rope.dimension_count", to.head_dim);
  const auto multiplier = [&](const char* key, const char* setting) {
    if (config.has(setting)) to.number(key, config.number(setting, 1e-6, 1e6, 1));
  };
  multiplier("attention.scale", "attention_multiplier");
  multiplier("embedding_scale", "embedding_multiplier");
  multiplier("residual_scale", "residual_multiplier");
  multiplier("logit_scale", "logits_scaling");
}

std::vector<int64_t> shared_half(const Description& d, int64_t which) {
  std::vector<int64_t> from;
  for (int64_t row = 0; row < d.of("shared_feed_forward"); row++) from.push_back(which * d.of("shared_feed_forward") + row);
  return from;
}

Rules shared_expert() {
  constexpr std::string_view both = "model.layers.{}.shared_mlp.input_linear.weight";
  const Order gates = [](const Description& d) { return shared_half(d, 0); }, ups = [](const Description& d) { return shared_half(d, 1); };
  return {
      {both, "blk.{}.ffn_gate_shexp.weight", shares, {"shared_gate_up", "width"}, Change::none, {.rows = gates}},
      {both, "blk.{}.ffn_up_shexp.weight", shares, {"shared_gate_up", "width"}, Change::none, {.rows = ups}},
      {"model.layers.{}.shared_mlp.output_linear.weight", "blk.{}.ffn_down_shexp.weight", shares, {"width", "shared_feed_forward"}},
  };
}

const Architecture granitemoe{
    .name = "granitemoe",
    .classes = {"GraniteMoeForCausalLM", "GraniteMoeSharedForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({.q = neighbouring_queries, .k = neighbouring_keys},
                             joined({joint_expert_rules("model.layers.{}.block_sparse_moe.input_linear.weight",
                                                        "model.layers.{}.block_sparse_moe.output_linear.weight"),
                                     router_rules("model.layers.{}.block_sparse_moe.router.layer.weight"), shared_expert()})),
};
const RegisterArchitecture registered(granitemoe);

}  // namespace
}  // namespace lt::convert
