// ERNIE 4.5 with experts.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_experts(config, to, {.count = "moe_num_experts", .used = "moe_k"});
  describe_leading(config, to, "moe_layer_start_index");
  const int64_t interval = config.integer("moe_layer_interval", 1, 4096, 1);
  for (int64_t i = 0; i < to.layers; i++)
    if ((i + 1) % interval != 0) to.sparse[static_cast<size_t>(i)] = false;
  to.integer("interleave_moe_layer_step", interval);
  const int64_t last = config.integer("moe_layer_end_index", -1, to.layers, -1),
                count = config.integer("moe_num_shared_experts", 0, 1024, 0);
  if (last >= 0 && last < to.layers - 1) config.unsupported("moe_layer_end_index", "expected experts up to the last layer");
  const int64_t shared = count * to.of("expert_feed_forward");
  describe_shared_expert(to, shared, "moe_num_shared_experts x moe_intermediate_size");
  to.kinds = "moe_layer_start_index, moe_layer_interval or moe_num_shared_experts";
  to.integer("expert_shared_count", count);
  if (shared > 0) to.integer("expert_shared_feed_forward_length", shared);
  config.expect_flag("use_bias", false);
}

const Architecture ernie4_5_moe{
    .name = "ernie4_5-moe",
    .classes = {"Ernie4_5_MoeForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, joined({expert_rules(),
                                         shared_expert_rules(),
                                         router_rules("model.layers.{}.mlp.gate.weight"),
                                         {{"model.layers.{}.mlp.moe_statics.e_score_correction_bias",
                                           "blk.{}.exp_probs_b.bias",
                                           sparse,
                                           {"one", "experts"},
                                           Change::exact}}})),
    .tied = true,
    .passed_over = {"model.mtp_"},  // guesses further tokens
};
const RegisterArchitecture registered(ernie4_5_moe);

}  // namespace
}  // namespace lt::convert
