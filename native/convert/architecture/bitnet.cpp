// BitNet b1.58: ternary weights as published, or those that they are rounded from.
#include "convert/decoder.h"
#include "core/text.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_rope(config, to);
  describe_epsilon(config, to);
  to.put("rope.scaling.type", "linear");  // by 1, as in other converters' files
  to.number("rope.scaling.factor", 1);
  const std::string_view act = config.string("hidden_act", "silu");
  if (act != "silu" && act != "relu2") config.unsupported("hidden_act", "expected silu or relu2, found \"" + shown(act) + "\"");
  to.put("hidden_activation", act);
  config.expect_flag("attention_bias", false);
  const Config method(config.name() + ": quantization_config", config["quantization_config"]);
  method.expect_text("linear_class", "autobitlinear");
  method.expect_flag("use_rms_norm", false);
}

Rules matrices() {
  constexpr Change ternary = Change::ternary;
  return {
      {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", everywhere, {"query", "width"}, ternary},
      {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", everywhere, {"key_value", "width"}, ternary},
      {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", everywhere, {"key_value", "width"}, ternary},
      {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}, ternary},
      {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}, ternary},
      {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}, ternary},
      {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}, ternary},
  };
}

// The first models' norms lie elsewhere than later ones'.
Rules inner_norms() {
  return {
      {"model.layers.{}.self_attn.attn_sub_norm.weight", "blk.{}.attn_sub_norm.weight", everywhere, {"query"}},
      {"model.layers.{}.self_attn.inner_attn_ln.weight", "blk.{}.attn_sub_norm.weight", everywhere, {"query"}},
      {"model.layers.{}.mlp.ffn_sub_norm.weight", "blk.{}.ffn_sub_norm.weight", everywhere, {"feed_forward"}},
      {"model.layers.{}.mlp.ffn_layernorm.weight", "blk.{}.ffn_sub_norm.weight", everywhere, {"feed_forward"}},
  };
}

const Architecture bitnet{
    .name = "bitnet",
    .classes = {"BitNetForCausalLM", "BitnetForCausalLM"},
    .describe = describe,
    .tensors = joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), matrices(), inner_norms()}),
};
const RegisterArchitecture registered(bitnet);

}  // namespace
}  // namespace lt::convert
