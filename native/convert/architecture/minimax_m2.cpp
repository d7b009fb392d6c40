// MiniMax-M2.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  const double head = static_cast<double>(config.integer("head_dim", 2, 1 << 14));
  const double rotary = static_cast<double>(config.integer("rotary_dim", 2, 1 << 14, config.integer("head_dim", 2, 1 << 14)));
  describe_decoder(config, to, {.partial = rotary / head});
  describe_experts(config, to, {.count = "num_local_experts", .columns = "intermediate_size"});
  to.integer("expert_gating_func", 2);
  config.expect_text("scoring_func", "sigmoid");
  config.expect_flag("use_routing_bias", true);
  config.expect_flag("use_qk_norm", true);
  config.expect_text("qk_norm_type", "per_layer");
  config.expect_number("shared_intermediate_size", 0);
}

const Architecture minimax_m2{
    .name = "minimax-m2",
    .classes = {"MiniMaxM2ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, joined({row_norm_rules(),
                                         expert_rules("model.layers.{}.block_sparse_moe.experts.{}.w1.weight",
                                                      "model.layers.{}.block_sparse_moe.experts.{}.w3.weight",
                                                      "model.layers.{}.block_sparse_moe.experts.{}.w2.weight"),
                                         router_rules("model.layers.{}.block_sparse_moe.gate.weight"),
                                         router_bias_rules("model.layers.{}.block_sparse_moe.e_score_correction_bias")})),
};
const RegisterArchitecture registered(minimax_m2);

}  // namespace
}  // namespace lt::convert
