// Falcon and BLOOM, whose folders call things alike.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr int64_t trained_context = 2048;  // of all of BLOOM, and of the first Falcons

void describe_sizes_of_both(const Config& config, Description& to, const char* feed_forward, const char* context) {
  describe_sizes(config, to,
                 {.layers = key_of(config, {"num_hidden_layers", "n_layer"}),
                  .width = key_of(config, {"n_embed", "hidden_size"}),
                  .heads = key_of(config, {"num_attention_heads", "n_head"}),
                  .feed_forward = feed_forward,
                  .context = context,
                  .widening = 4,
                  .trained = trained_context});
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 0, 1, 1e-5));
}

void describe_bloom(const Config& config, Description& to) {
  describe_sizes_of_both(config, to, "n_inner", "seq_length");
  describe_even_heads(config, to, to.heads, "");
  to.integer("attention.head_count_kv", to.heads);
  config.expect_flag("apply_residual_connection_post_layernorm", false);
}

const char* falcon_kv_key(const Config& config) { return key_of(config, {"n_head_kv", "num_kv_heads"}); }

// Of the newer design, groups of heads share keys; of the older all do.
int64_t falcon_kv_heads(const Config& config, const Description& to) {
  const bool newer = config.boolean("new_decoder_architecture", false);
  if (newer) return config.integer(falcon_kv_key(config), 1, to.heads, to.heads);
  return config.boolean("multi_query", true) ? 1 : to.heads;
}

void describe_falcon(const Config& config, Description& to) {
  describe_sizes_of_both(config, to, "ffn_hidden_size", "max_position_embeddings");
  describe_even_heads(config, to, falcon_kv_heads(config, to), falcon_kv_key(config));
  to.integer("attention.head_count_kv", to.kv_heads);
  to.put("tensor_data_layout", "jploski");
  describe_rope(config, to, {.unsaid = 10000});
  const bool newer = config.boolean("new_decoder_architecture", false);
  to.size("norms", newer ? config.integer("num_ln_in_parallel_attn", 1, 2, 2) : 1, "num_ln_in_parallel_attn");
  to.kinds = "new_decoder_architecture and num_ln_in_parallel_attn";
  for (const char* key : {"alibi", "bias"}) config.expect_flag(key, false);
  config.expect_flag("parallel_attn", true);
  config.expect_text("activation", "gelu");
}

bool one_norm(const Description& d, int64_t) { return d.of("norms") == 1; }
bool two_norms(const Description& d, int64_t) { return d.of("norms") == 2; }

Rules rules(const Rules& more) {
  return joined({{{"transformer.word_embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
                  {"transformer.ln_f.weight", "output_norm.weight", everywhere, {"width"}},
                  {"transformer.ln_f.bias", "output_norm.bias", everywhere, {"width"}},
                  {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
                  {"transformer.h.{}.self_attention.query_key_value.weight",
                   "blk.{}.attn_qkv.weight",
                   everywhere,
                   {"qkv", "width"},
                   Change::none,
                   {.rows = ungrouped}},
                  {"transformer.h.{}.self_attention.dense.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
                  {"transformer.h.{}.mlp.dense_h_to_4h.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
                  {"transformer.h.{}.mlp.dense_4h_to_h.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}},
                 more});
}

const Architecture falcon{
    .name = "falcon",
    .classes = {"FalconForCausalLM", "RWForCausalLM"},
    .describe = describe_falcon,
    .tensors = rules({{"transformer.h.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", one_norm, {"width"}},
                      {"transformer.h.{}.input_layernorm.bias", "blk.{}.attn_norm.bias", one_norm, {"width"}},
                      {"transformer.h.{}.ln_mlp.weight", "blk.{}.attn_norm.weight", two_norms, {"width"}},
                      {"transformer.h.{}.ln_mlp.bias", "blk.{}.attn_norm.bias", two_norms, {"width"}},
                      {"transformer.h.{}.ln_attn.weight", "blk.{}.attn_norm_2.weight", two_norms, {"width"}},
                      {"transformer.h.{}.ln_attn.bias", "blk.{}.attn_norm_2.bias", two_norms, {"width"}}}),
    .tied = true,
};
const RegisterArchitecture tii(falcon);

const Architecture bloom{
    .name = "bloom",
    .classes = {"BloomForCausalLM", "BloomModel"},
    .describe = describe_bloom,
    .tensors = rules({{"transformer.word_embeddings_layernorm.weight", "token_embd_norm.weight", everywhere, {"width"}},
                      {"transformer.word_embeddings_layernorm.bias", "token_embd_norm.bias", everywhere, {"width"}},
                      {"transformer.h.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
                      {"transformer.h.{}.input_layernorm.bias", "blk.{}.attn_norm.bias", everywhere, {"width"}},
                      {"transformer.h.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
                      {"transformer.h.{}.post_attention_layernorm.bias", "blk.{}.ffn_norm.bias", everywhere, {"width"}},
                      {"transformer.h.{}.self_attention.query_key_value.bias",
                       "blk.{}.attn_qkv.bias",
                       everywhere,
                       {"qkv"},
                       Change::none,
                       {.columns = ungrouped}},
                      {"transformer.h.{}.self_attention.dense.bias", "blk.{}.attn_output.bias", everywhere, {"width"}},
                      {"transformer.h.{}.mlp.dense_h_to_4h.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
                      {"transformer.h.{}.mlp.dense_4h_to_h.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}}}),
    .tied = true,
    .renamed = {{"h.", "transformer.h."}, {"word_embeddings", "transformer.word_embeddings"}, {"ln_f.", "transformer.ln_f."}},
};
const RegisterArchitecture bigscience(bloom);

}  // namespace
}  // namespace lt::convert
