// Qwen1.5-MoE and Qwen2-57B-A14B.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_experts(config, to, {.count = "num_experts"});
  describe_gated_shared_expert(config, to);
  expect_experts_everywhere(config);
  describe_weights_norm(config, to, false);
  if (config.has("sliding_window")) config.expect_flag("use_sliding_window", false);
}

const Architecture qwen2moe{
    .name = "qwen2moe",
    .classes = {"Qwen2MoeForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, joined({expert_rules(), router_rules("model.layers.{}.mlp.gate.weight"), gated_shared_expert_rules()})),
};
const RegisterArchitecture registered(qwen2moe);

}  // namespace
}  // namespace lt::convert
