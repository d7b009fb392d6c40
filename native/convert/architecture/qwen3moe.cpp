// Qwen3 with experts.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_experts(config, to, {.count = config.has("num_experts") ? "num_experts" : "num_local_experts"});
  expect_experts_everywhere(config);
  describe_weights_norm(config, to, true);
  if (config.has("sliding_window")) config.expect_flag("use_sliding_window", false);
}

const Architecture qwen3moe{
    .name = "qwen3moe",
    .classes = {"Qwen3MoeForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, joined({head_norm_rules(), expert_rules(), router_rules("model.layers.{}.mlp.gate.weight")})),
};
const RegisterArchitecture registered(qwen3moe);

}  // namespace
}  // namespace lt::convert
