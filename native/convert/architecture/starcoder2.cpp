// StarCoder2, StableLM, Phi-1 to 2, Nemotron: layer norms with biases, under names that most decoders have.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe_starcoder2(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_layer_norm(config, to, "norm_epsilon");
  describe_rope(config, to);
  config.expect_text("hidden_act", "gelu_pytorch_tanh");
  config.expect_flag("use_bias", true);
  if (!config.has("sliding_window")) return;
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
  to.folder_only(config, "sliding_window");
}

void describe_even(const Config& config, Description& to, const RopeRules& rope) {
  describe_sizes(config, to);
  describe_even_heads(config, to, config.integer("num_key_value_heads", 1, 1 << 14, to.heads), "num_key_value_heads");
  to.integer("attention.head_count_kv", to.kv_heads);
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_eps", 0, 1, 1e-5));
  describe_rope(config, to, rope);
}

// q and k are normed in the models whose feed-forward reads what attention does.
void describe_stablelm(const Config& config, Description& to) {
  describe_even(config, to, {.partial = config.number("rope_pct", 0.25), .unsaid = 10000});
  const bool parallel = config.boolean("use_parallel_residual", false);
  to.put("use_parallel_residual", parallel);
  to.size("parallel", parallel, "use_parallel_residual");
  to.kinds = "use_parallel_residual";
  config.expect_flag("qk_layernorm", parallel);
  config.expect_text("hidden_act", "silu");
}

void describe_phi(const Config& config, Description& to) {
  describe_even(config, to, {.partial = 0.5, .unsaid = 10000});
  config.expect_text("hidden_act", "gelu_new");
  config.expect_flag("qk_layernorm", false);
}

void describe_nemotron(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_layer_norm(config, to, "norm_eps");
  to.integer("vocab_size", to.of("vocabulary"));
  to.put("rope.scaling.type", "none");
  describe_rope(config, to, {.partial = config.number("rope_percent", 0.5)});
  config.expect_text("hidden_act", "relu2");
  for (const char* key : {"attention_bias", "mlp_bias"}) config.expect_flag(key, false);
}

bool parallel(const Description& d, int64_t) { return d.of("parallel") != 0; }
bool in_turn(const Description& d, int64_t layer) { return !parallel(d, layer); }

Rules norm(std::string_view weight, std::string_view weight_to, std::string_view bias, std::string_view bias_to, Held held = everywhere,
           Change change = Change::none) {
  return {{weight, weight_to, held, {"width"}, change}, {bias, bias_to, held, {"width"}}};
}

Rules layer_norms(Held second = everywhere, Change change = Change::none) {
  return joined({
      norm("model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.bias",
           "blk.{}.attn_norm.bias", everywhere, change),
      norm("model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", "model.layers.{}.post_attention_layernorm.bias",
           "blk.{}.ffn_norm.bias", second, change),
      {{"model.norm.bias", "output_norm.bias", everywhere, {"width"}}},
  });
}

const Architecture starcoder2{
    .name = "starcoder2",
    .classes = {"Starcoder2ForCausalLM"},
    .describe = describe_starcoder2,
    .tensors = joined({outer_rules(),
                       layer_norms(),
                       attention_rules({.biases = everywhere}),
                       {{"model.layers.{}.mlp.c_fc.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
                        {"model.layers.{}.mlp.c_fc.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
                        {"model.layers.{}.mlp.c_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
                        {"model.layers.{}.mlp.c_proj.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}}}}),
    .tied = true,
};
const RegisterArchitecture bigcode(starcoder2);

const Architecture stablelm{
    .name = "stablelm",
    .classes = {"StableLmForCausalLM", "StableLMEpochForCausalLM"},
    .describe = describe_stablelm,
    .tensors = joined({outer_rules(),
                       layer_norms(in_turn),
                       attention_rules(),
                       feed_forward_rules(),
                       {{"model.layers.{}.self_attn.q_layernorm.norms.{}.weight",
                         "blk.{}.attn_q_norm.weight",
                         parallel,
                         {"head"},
                         Change::exact,
                         {},
                         nullptr,
                         "heads"},
                        {"model.layers.{}.self_attn.k_layernorm.norms.{}.weight",
                         "blk.{}.attn_k_norm.weight",
                         parallel,
                         {"head"},
                         Change::exact,
                         {},
                         nullptr,
                         "kv_heads"}}}),
};
const RegisterArchitecture stability(stablelm);

const Architecture phi2{
    .name = "phi2",
    .classes = {"PhiForCausalLM"},
    .describe = describe_phi,
    .tensors = joined({
        attention_rules({.biases = everywhere,
                         .output = "model.layers.{}.self_attn.dense.weight",
                         .output_bias = "model.layers.{}.self_attn.dense.bias"}),
        norm("model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.bias",
             "blk.{}.attn_norm.bias"),
        norm("model.final_layernorm.weight", "output_norm.weight", "model.final_layernorm.bias", "output_norm.bias"),
        {{"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
         {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
         {"lm_head.bias", "output.bias", everywhere, {"vocabulary"}},
         {"model.layers.{}.mlp.fc1.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
         {"model.layers.{}.mlp.fc1.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
         {"model.layers.{}.mlp.fc2.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
         {"model.layers.{}.mlp.fc2.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}}},
    }),
};
const RegisterArchitecture microsoft(phi2);

const Architecture nemotron{
    .name = "nemotron",
    .classes = {"NemotronForCausalLM"},
    .describe = describe_nemotron,
    .tensors = joined({outer_rules(Change::plus_one),
                       layer_norms(everywhere, Change::plus_one),
                       attention_rules(),
                       {{"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
                        {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", dense, {"width", "feed_forward"}}}}),
};
const RegisterArchitecture nvidia(nemotron);

}  // namespace
}  // namespace lt::convert
