// dots.llm1.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_grouped_experts(config, to);
  describe_sigmoid_router(config, to);
  to.kinds = "first_k_dense_replace or n_shared_experts";
  const std::vector<bool> slides = config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
  for (const bool s : slides)
    if (s) config.unsupported("layer_types", "dots1 is run without a window");
}

const Architecture dots1{
    .name = "dots1",
    .classes = {"Dots1ForCausalLM"},
    .describe = describe,
    .tensors =
        decoder_rules({}, joined({head_norm_rules(), expert_rules(), shared_expert_rules(), router_rules("model.layers.{}.mlp.gate.weight"),
                                  router_bias_rules("model.layers.{}.mlp.gate.e_score_correction_bias")})),
};
const RegisterArchitecture registered(dots1);

}  // namespace
}  // namespace lt::convert
