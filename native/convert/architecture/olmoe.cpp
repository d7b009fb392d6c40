// OLMoE.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_experts(config, to, {.count = "num_experts", .columns = "intermediate_size", .writes_columns = false});
  describe_weights_norm(config, to, false);
  if (config.has("clip_qkv")) config.unsupported("clip_qkv", "olmoe is run without");
}

const Architecture olmoe{
    .name = "olmoe",
    .classes = {"OlmoeForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, joined({row_norm_rules(), expert_rules(), router_rules("model.layers.{}.mlp.gate.weight")})),
};
const RegisterArchitecture registered(olmoe);

}  // namespace
}  // namespace lt::convert
