// GLM-4.5, GLM-4.6, and GLM-4.5-Air, which does not norm queries and keys.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.partial = 0.5});
  describe_grouped_experts(config, to);
  describe_sigmoid_router(config, to);
  to.drafts = config.integer("num_nextn_predict_layers", 0, 64, 0);
  to.size("normed", config.boolean("use_qk_norm", false) ? 1 : 0, "use_qk_norm");
  to.kinds = "first_k_dense_replace, n_shared_experts or use_qk_norm";
}

bool normed(const Description& d, int64_t) { return d.of("normed") > 0; }

const Architecture glm4moe{
    .name = "glm4moe",
    .classes = {"Glm4MoeForCausalLM"},
    .describe = describe,
    .tensors =
        joined({outer_rules(), norm_rules("blk.{}.post_attention_norm.weight"), attention_rules(), head_norm_rules(Change::none, normed),
                feed_forward_rules(), expert_rules(), shared_expert_rules(), router_rules("model.layers.{}.mlp.gate.weight"),
                router_bias_rules("model.layers.{}.mlp.gate.e_score_correction_bias")}),
};
const RegisterArchitecture registered(glm4moe);

}  // namespace
}  // namespace lt::convert
