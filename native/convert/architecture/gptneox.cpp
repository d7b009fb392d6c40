// GPT-NeoX, Pythia, Dolly.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_even_heads(config, to, to.heads, "");
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_eps", 0, 1, 1e-5));
  to.put("use_parallel_residual", config.boolean("use_parallel_residual", true));
  describe_rope(config, to,
                {.partial = config.number("rotary_pct", 0.25), .base = config.number("rotary_emb_base", 10000), .unsaid = 10000});
  // The tanh form, under each of its names; files are read with the exact one.
  const std::string_view act = config.string("hidden_act", "gelu");
  if (act != "gelu_new" && act != "gelu_fast" && act != "gelu_pytorch_tanh") return config.expect_text("hidden_act", "gelu");
  to.put("hidden_activation", "gelu_pytorch_tanh");
  to.folder_only(config, "hidden_act");
}

const Architecture gptneox{
    .name = "gptneox",
    .classes = {"GPTNeoXForCausalLM"},
    .describe = describe,
    .tensors =
        {
            {"gpt_neox.embed_in.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
            {"gpt_neox.final_layer_norm.weight", "output_norm.weight", everywhere, {"width"}},
            {"gpt_neox.final_layer_norm.bias", "output_norm.bias", everywhere, {"width"}},
            {"embed_out.weight", "output.weight", nullptr, {"vocabulary", "width"}},
            {"gpt_neox.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
            {"gpt_neox.layers.{}.input_layernorm.bias", "blk.{}.attn_norm.bias", everywhere, {"width"}},
            {"gpt_neox.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
            {"gpt_neox.layers.{}.post_attention_layernorm.bias", "blk.{}.ffn_norm.bias", everywhere, {"width"}},
            {"gpt_neox.layers.{}.attention.query_key_value.weight",
             "blk.{}.attn_qkv.weight",
             everywhere,
             {"qkv", "width"},
             Change::none,
             {.rows = ungrouped}},
            {"gpt_neox.layers.{}.attention.query_key_value.bias",
             "blk.{}.attn_qkv.bias",
             nullptr,
             {"qkv"},
             Change::none,
             {.columns = ungrouped}},
            {"gpt_neox.layers.{}.attention.dense.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
            {"gpt_neox.layers.{}.attention.dense.bias", "blk.{}.attn_output.bias", nullptr, {"width"}},
            {"gpt_neox.layers.{}.mlp.dense_h_to_4h.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
            {"gpt_neox.layers.{}.mlp.dense_h_to_4h.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
            {"gpt_neox.layers.{}.mlp.dense_4h_to_h.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
            {"gpt_neox.layers.{}.mlp.dense_4h_to_h.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}},
        },
    // Which places are seen.
    .passed_over = {"gpt_neox.layers.{}.attention.bias", "gpt_neox.layers.{}.attention.masked_bias"},
};
const RegisterArchitecture registered(gptneox);

}  // namespace
}  // namespace lt::convert
