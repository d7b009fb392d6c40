// GLM-4: the 0414 releases, GLM-4-9B for transformers, and ChatGLM as first published.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe_glm4(const Config& config, Description& to) { describe_decoder(config, to, {.partial = 0.5}); }

// Heads are as wide as GGUF readers take them to be.
void describe_glm(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_even_heads(config, to, config.integer("num_key_value_heads", 1, 1 << 14, to.heads), "num_key_value_heads");
  config.expect_number("head_dim", static_cast<double>(to.head_dim));
  describe_epsilon(config, to);
  describe_rope(config, to, {.partial = 0.5});
  to.integer("attention.head_count_kv", to.kv_heads);
  config.expect_text("hidden_act", "silu");
}

void describe_chatglm(const Config& config, Description& to) {
  describe_sizes(config, to, {.layers = "num_layers", .feed_forward = "ffn_hidden_size", .context = "seq_length"});
  const bool groups = config.boolean("multi_query_attention", false);
  describe_even_heads(config, to, groups ? config.integer("multi_query_group_num", 1, to.heads) : to.heads, "multi_query_group_num");
  to.integer("attention.head_count_kv", to.kv_heads);
  to.number("attention.layer_norm_rms_epsilon", config.number("layernorm_epsilon", 0, 1, 1e-5));
  to.integer("rope.dimension_count", to.head_dim / 2);
  to.number("rope.freq_base", 10000 * config.number("rope_ratio", 1e-3, 1e6, 1));
  config.expect_number("kv_channels", static_cast<double>(to.head_dim));
  for (const char* key : {"rmsnorm", "post_layer_norm", "add_qkv_bias", "original_rope"}) config.expect_flag(key, true);
  for (const char* key : {"add_bias_linear", "apply_residual_connection_post_layernorm"}) config.expect_flag(key, false);
}

Rules fused_feed_forward() {
  return {{"model.layers.{}.mlp.gate_up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}},
          {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}};
}

const Architecture glm4{
    .name = "glm4",
    .classes = {"Glm4ForCausalLM"},
    .describe = describe_glm4,
    .tensors = joined({outer_rules(),
                       attention_rules(),
                       norm_rules("blk.{}.ffn_norm.weight"),
                       {{"model.layers.{}.post_self_attn_layernorm.weight", "blk.{}.post_attention_norm.weight", everywhere, {"width"}},
                        {"model.layers.{}.post_mlp_layernorm.weight", "blk.{}.post_ffw_norm.weight", everywhere, {"width"}}},
                       fused_feed_forward()}),
};
const RegisterArchitecture fourth(glm4);

const Architecture glm{
    .name = "chatglm",
    .classes = {"GlmForCausalLM"},
    .describe = describe_glm,
    .tensors = joined({outer_rules(), attention_rules(), norm_rules("blk.{}.ffn_norm.weight"), fused_feed_forward()}),
};
const RegisterArchitecture for_transformers(glm);

const Architecture chatglm{
    .name = "chatglm",
    .classes = {"ChatGLMModel", "ChatGLMForConditionalGeneration"},
    .describe = describe_chatglm,
    .tensors =
        {
            {"transformer.embedding.word_embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
            {"transformer.encoder.final_layernorm.weight", "output_norm.weight", everywhere, {"width"}},
            {"transformer.output_layer.weight", "output.weight", nullptr, {"vocabulary", "width"}},
            {"transformer.encoder.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
            {"transformer.encoder.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
            {"transformer.encoder.layers.{}.self_attention.query_key_value.weight", "blk.{}.attn_qkv.weight", everywhere, {"qkv", "width"}},
            {"transformer.encoder.layers.{}.self_attention.query_key_value.bias", "blk.{}.attn_qkv.bias", everywhere, {"qkv"}},
            {"transformer.encoder.layers.{}.self_attention.dense.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
            {"transformer.encoder.layers.{}.mlp.dense_h_to_4h.weight", "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}},
            {"transformer.encoder.layers.{}.mlp.dense_4h_to_h.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
        },
    .passed_over = {"transformer.rotary_pos_emb.inv_freq"},
};
const RegisterArchitecture original(chatglm);

}  // namespace
}  // namespace lt::convert
