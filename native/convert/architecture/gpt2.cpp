// GPT-2, StarCoder (GPT-BigCode) and GPT-J, whose folders call things alike.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr SizeKeys keys{
    .layers = "n_layer", .width = "n_embd", .heads = "n_head", .feed_forward = "n_inner", .context = "n_positions", .widening = 4};

void describe_all(const Config& config, Description& to, int64_t kv_heads) {
  describe_sizes(config, to, keys);
  describe_even_heads(config, to, kv_heads, "multi_query");
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 0, 1, 1e-5));
  config.expect_flag("scale_attn_weights", true);
  config.expect_flag("scale_attn_by_inverse_layer_idx", false);
  config.expect_flag("add_cross_attention", false);
  // Names of one formula.
  const std::string_view act = config.string("activation_function", "gelu_new");
  if (act != "gelu_pytorch_tanh" && act != "gelu_fast") config.expect_text("activation_function", "gelu_new");
}

void describe_gpt2(const Config& config, Description& to) { describe_all(config, to, config.integer("n_head", 1, 1 << 14)); }

void describe_starcoder(const Config& config, Description& to) {
  describe_all(config, to, 1);
  to.integer("attention.head_count_kv", 1);
  config.expect_flag("multi_query", true);
}

void describe_gptj(const Config& config, Description& to) {
  describe_all(config, to, config.integer("n_head", 1, 1 << 14));
  to.integer("rope.dimension_count", config.integer("rotary_dim", 2, to.head_dim, to.head_dim));
}

Rules outer() {
  return {
      {"transformer.wte.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"transformer.ln_f.weight", "output_norm.weight", everywhere, {"width"}},
      {"transformer.ln_f.bias", "output_norm.bias", everywhere, {"width"}},
      {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
      {"transformer.h.{}.ln_1.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
      {"transformer.h.{}.ln_1.bias", "blk.{}.attn_norm.bias", everywhere, {"width"}},
  };
}

// turned: GPT-2's matrices have a column a result.
Rules rules(bool turned) {
  const auto matrix = [&](std::string_view from, std::string_view to, std::string_view rows, std::string_view cols) {
    if (!turned) return Rule{from, to, everywhere, {rows, cols}};
    return Rule{from, to, everywhere, {cols, rows}, Change::none, {.turned = true, .becomes = {rows, cols}}};
  };
  return joined({outer(),
                 {{"transformer.wpe.weight", "position_embd.weight", everywhere, {"context", "width"}, Change::exact},
                  {"transformer.h.{}.ln_2.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
                  {"transformer.h.{}.ln_2.bias", "blk.{}.ffn_norm.bias", everywhere, {"width"}},
                  matrix("transformer.h.{}.attn.c_attn.weight", "blk.{}.attn_qkv.weight", "qkv", "width"),
                  {"transformer.h.{}.attn.c_attn.bias", "blk.{}.attn_qkv.bias", everywhere, {"qkv"}},
                  matrix("transformer.h.{}.attn.c_proj.weight", "blk.{}.attn_output.weight", "width", "query"),
                  {"transformer.h.{}.attn.c_proj.bias", "blk.{}.attn_output.bias", everywhere, {"width"}},
                  matrix("transformer.h.{}.mlp.c_fc.weight", "blk.{}.ffn_up.weight", "feed_forward", "width"),
                  {"transformer.h.{}.mlp.c_fc.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
                  matrix("transformer.h.{}.mlp.c_proj.weight", "blk.{}.ffn_down.weight", "width", "feed_forward"),
                  {"transformer.h.{}.mlp.c_proj.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}}}});
}

Rules gptj_rules() {
  return joined({outer(),
                 {{"lm_head.bias", "output.bias", everywhere, {"vocabulary"}},
                  {"transformer.h.{}.attn.q_proj.weight", "blk.{}.attn_q.weight", everywhere, {"query", "width"}},
                  {"transformer.h.{}.attn.k_proj.weight", "blk.{}.attn_k.weight", everywhere, {"query", "width"}},
                  {"transformer.h.{}.attn.v_proj.weight", "blk.{}.attn_v.weight", everywhere, {"query", "width"}},
                  {"transformer.h.{}.attn.out_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
                  {"transformer.h.{}.mlp.fc_in.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
                  {"transformer.h.{}.mlp.fc_in.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
                  {"transformer.h.{}.mlp.fc_out.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
                  {"transformer.h.{}.mlp.fc_out.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}}}});
}

// Of a model alone, names have no "transformer." in front.
const std::vector<Renamed> renamed = {
    {"h.", "transformer.h."}, {"wte.", "transformer.wte."}, {"wpe.", "transformer.wpe."}, {"ln_f.", "transformer.ln_f."}};
// Which places are seen.
const std::vector<std::string_view> masks = {"transformer.h.{}.attn.bias", "transformer.h.{}.attn.masked_bias"};

const Architecture gpt2{
    .name = "gpt2",
    .classes = {"GPT2LMHeadModel"},
    .describe = describe_gpt2,
    .tensors = rules(true),
    .tied = true,
    .renamed = renamed,
    .passed_over = masks,
};
const RegisterArchitecture openai(gpt2);

const Architecture starcoder{
    .name = "starcoder",
    .classes = {"GPTBigCodeForCausalLM"},
    .describe = describe_starcoder,
    .tensors = rules(false),
    .tied = true,
    .renamed = renamed,
    .passed_over = masks,
};
const RegisterArchitecture bigcode(starcoder);

const Architecture gptj{
    .name = "gptj",
    .classes = {"GPTJForCausalLM"},
    .describe = describe_gptj,
    .tensors = gptj_rules(),
    .passed_over = masks,
};
const RegisterArchitecture eleuther(gptj);

}  // namespace
}  // namespace lt::convert
