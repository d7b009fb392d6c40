// EXAONE 3 and 3.5.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_sizes(config, to, {.layers = "num_layers"});
  describe_heads(config, to);
  describe_rope(config, to);
  const double epsilon = config.number("layer_norm_epsilon", 0, 1, 1e-5);
  to.number("attention.layer_norm_epsilon", epsilon);  // which has no meaning here, and is there in other converters' files
  to.number("attention.layer_norm_rms_epsilon", epsilon);
  to.integer("rope.dimension_count", to.head_dim);
  config.expect_text("activation_function", "silu");
}

const Architecture exaone{
    .name = "exaone",
    .classes = {"ExaoneForCausalLM"},
    .describe = describe,
    .tensors =
        {
            {"transformer.wte.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
            {"transformer.ln_f.weight", "output_norm.weight", everywhere, {"width"}},
            {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
            {"transformer.h.{}.ln_1.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
            {"transformer.h.{}.ln_2.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
            {"transformer.h.{}.attn.attention.q_proj.weight", "blk.{}.attn_q.weight", everywhere, {"query", "width"}},
            {"transformer.h.{}.attn.attention.k_proj.weight", "blk.{}.attn_k.weight", everywhere, {"key_value", "width"}},
            {"transformer.h.{}.attn.attention.v_proj.weight", "blk.{}.attn_v.weight", everywhere, {"key_value", "width"}},
            {"transformer.h.{}.attn.attention.out_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
            {"transformer.h.{}.mlp.c_fc_0.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}},
            {"transformer.h.{}.mlp.c_fc_1.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
            {"transformer.h.{}.mlp.c_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
        },
};
const RegisterArchitecture registered(exaone);

}  // namespace
}  // namespace lt::convert
