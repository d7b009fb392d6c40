// MiniCPM 1, 2 and 4, and MiniCPM3.
#include <cmath>

#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.factors = true});
  to.number("embedding_scale", config.number("scale_emb", 1e-6, 1e6, 1));
  to.number("residual_scale", config.number("scale_depth", 1e-6, 1e6, 1) / std::sqrt(static_cast<double>(to.layers)));
  to.number("logit_scale", static_cast<double>(to.of("width")) / config.number("dim_model_base", 1, 1e6, 1));
  if (!to.tensors.empty() && to.tensors[0].name == "rope_factors_long.weight") to.put("rope.scaling.type", "longrope");
  if (config.integer("num_experts", 0, 1 << 16, 0) > 0) config.unsupported("num_experts", "minicpm is run without experts");
}

// A GGUF file has neither the scales nor the base, and the width of values is that of a head of the plain kind.
void describe_3(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_epsilon(config, to);
  constexpr int64_t most = 1 << 16;
  const int64_t rank = config.integer("kv_lora_rank", 1, most), query_rank = config.integer("q_lora_rank", 1, most);
  const int64_t plain = config.integer("qk_nope_head_dim", 1, most), rotary = config.integer("qk_rope_head_dim", 2, most);
  const int64_t value = config.integer("v_head_dim", 1, most), width = to.of("width");
  if (rotary % 2) config.fail("qk_rope_head_dim", "expected an even number, found " + std::to_string(rotary));
  if (config.integer("num_key_value_heads", 1, 1 << 14, to.heads) != to.heads)
    config.unsupported("num_key_value_heads", "expected as many as num_attention_heads, of which each has its own keys");
  if (value != width / to.heads) config.unsupported("v_head_dim", "expected hidden_size / num_attention_heads");
  to.head_dim = rotary;  // of which all is rotated
  to.size("query_rank", query_rank, "q_lora_rank");
  to.size("query", to.heads * (plain + rotary), "num_attention_heads x (qk_nope_head_dim + qk_rope_head_dim)");
  to.size("latent", rank, "kv_lora_rank");
  to.size("cached", rank + rotary, "kv_lora_rank + qk_rope_head_dim");
  to.size("plain_and_value", to.heads * (plain + value), "num_attention_heads x (qk_nope_head_dim + v_head_dim)");
  to.size("values", to.heads * value, "num_attention_heads x v_head_dim");
  to.integer("attention.head_count_kv", to.heads);
  to.integer("vocab_size", to.of("vocabulary"));
  to.integer("attention.q_lora_rank", query_rank);
  to.integer("attention.kv_lora_rank", rank);
  to.integer("attention.key_length", plain + rotary);
  to.integer("rope.dimension_count", rotary);
  describe_rope(config, to, {.factors = true});
  std::erase_if(to.fields, [](const gguf::Field& f) { return f.key == "minicpm3.rope.freq_base"; });
  config.expect_number("rope_theta", 10000);
  for (const auto& [key, said] : {std::pair("scale_emb", 12.0), std::pair("scale_depth", 1.4), std::pair("dim_model_base", 256.0)}) {
    if (!config.has(key)) config.fail(key, "expected a number");
    config.expect_number(key, said);
  }
  config.expect_text("hidden_act", "silu");
}

Rules latent_rules() {
  return {
      {"model.layers.{}.self_attn.q_a_proj.weight", "blk.{}.attn_q_a.weight", everywhere, {"query_rank", "width"}},
      {"model.layers.{}.self_attn.q_a_layernorm.weight", "blk.{}.attn_q_a_norm.weight", everywhere, {"query_rank"}},
      {"model.layers.{}.self_attn.q_b_proj.weight", "blk.{}.attn_q_b.weight", everywhere, {"query", "query_rank"}},
      {"model.layers.{}.self_attn.kv_a_proj_with_mqa.weight", "blk.{}.attn_kv_a_mqa.weight", everywhere, {"cached", "width"}},
      {"model.layers.{}.self_attn.kv_a_layernorm.weight", "blk.{}.attn_kv_a_norm.weight", everywhere, {"latent"}},
      {"model.layers.{}.self_attn.kv_b_proj.weight", "blk.{}.attn_kv_b.weight", everywhere, {"plain_and_value", "latent"}},
      {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "values"}},
  };
}

const Architecture minicpm{
    .name = "minicpm",
    .classes = {"MiniCPMForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({.q = neighbouring_queries, .k = neighbouring_keys}),
    .tied = true,
};
const Architecture minicpm3{
    .name = "minicpm3",
    .classes = {"MiniCPM3ForCausalLM"},
    .describe = describe_3,
    .tensors = joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), latent_rules(), feed_forward_rules()}),
};
const RegisterArchitecture registered(minicpm), registered3(minicpm3);

}  // namespace
}  // namespace lt::convert
