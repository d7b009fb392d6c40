// Cohere's Command R, Command R+ and Aya; Command R7B and Command A.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe_both(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_layer_norm(config, to, "layer_norm_eps");
  to.number("logit_scale", config.number("logit_scale", 0.0625));
  to.put("rope.scaling.type", "none");
  config.expect_text("hidden_act", "silu");
}

// What is normed is known by the 64 layers of Command R+.
void describe_first(const Config& config, Description& to) {
  describe_both(config, to);
  describe_rope(config, to);
  constexpr int64_t layers_of_plus = 64;
  const bool norms = config.boolean("use_qk_norm", false);
  to.size("normed", norms, "use_qk_norm");
  to.kinds = "use_qk_norm";
  if (norms == (to.layers == layers_of_plus)) return;
  to.put("attention.query_key_norm", norms);
  to.folder_only(config, "use_qk_norm");
}

void describe_second(const Config& config, Description& to) {
  describe_both(config, to);
  describe_rope(config, to, {.partial = config.number("rotary_pct", 1)});
  to.integer("rope.dimension_count", to.head_dim);
  config.expect_number("rotary_pct", 1);
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
  to.integer("vocab_size", to.of("vocabulary"));
  expect_windows(config, to, 4);
}

bool normed(const Description& d, int64_t) { return d.of("normed") != 0; }

Rules rules(const Rules& more) {
  return joined({outer_rules(),
                 attention_rules(),
                 feed_forward_rules(),
                 {{"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}}},
                 more});
}

const Architecture command_r{
    .name = "command-r",
    .classes = {"CohereForCausalLM"},
    .describe = describe_first,
    .tensors =
        rules({{"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", normed, {"heads", "head"}, Change::exact},
               {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", normed, {"kv_heads", "head"}, Change::exact}}),
    .tied = true,
};
const RegisterArchitecture first(command_r);

const Architecture cohere2{
    .name = "cohere2",
    .classes = {"Cohere2ForCausalLM"},
    .describe = describe_second,
    .tensors = rules({}),
    .tied = true,
};
const RegisterArchitecture second(cohere2);

}  // namespace
}  // namespace lt::convert
