// DeepSeek V2 and V3, and GLM-4.7-Flash: latent attention, experts behind a few dense layers.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr int64_t most = 1 << 16;

// Scores grow by (0.1 mscale_all_dim ln factor + 1)^2, for which GGUF has a key; that rotation magnifies by nothing then, follows from
// mscale being the same.
void describe_latent_yarn(const Config& rope, Description& to) {
  describe_yarn_range(rope, to);
  const double all = rope.number("mscale_all_dim", 0);
  if (all != 0) {
    if (rope.number("mscale", 0) != all) rope.unsupported("mscale", "expected the same as mscale_all_dim");
    to.number("rope.scaling.yarn_log_multiplier", 0.1 * all);
  }
  if (rope.has("attention_factor")) rope.unsupported("attention_factor", "is not read: mscale says what rotation magnifies by");
}

// What is cached of a token is one row: the latent one, of which keys and values are made, and the rotated part of its key.
void describe_attention(const Config& config, Description& to) {
  const int64_t rank = config.integer("kv_lora_rank", 1, most), query_rank = config.integer("q_lora_rank", 1, most, 0);
  const int64_t plain = config.integer("qk_nope_head_dim", 1, most), rotary = config.integer("qk_rope_head_dim", 2, most);
  const int64_t value = config.integer("v_head_dim", 1, most);
  if (rotary % 2) config.fail("qk_rope_head_dim", "expected an even number, found " + std::to_string(rotary));
  to.head_dim = rotary;  // of which all is rotated
  to.size("query_rank", query_rank, "q_lora_rank");
  to.size("query", to.heads * (plain + rotary), "num_attention_heads x (qk_nope_head_dim + qk_rope_head_dim)");
  to.size("latent", rank, "kv_lora_rank");
  to.size("cached", rank + rotary, "kv_lora_rank + qk_rope_head_dim");
  to.size("plain", plain, "qk_nope_head_dim");
  to.size("value", value, "v_head_dim");
  to.size("plain_and_value", to.heads * (plain + value), "num_attention_heads x (qk_nope_head_dim + v_head_dim)");
  to.size("values", to.heads * value, "num_attention_heads x v_head_dim");
  to.integer("attention.head_count_kv", 1);
  if (query_rank > 0) to.integer("attention.q_lora_rank", query_rank);
  to.integer("attention.kv_lora_rank", rank);
  to.integer("attention.key_length", rank + rotary);
  to.integer("attention.value_length", rank);
  to.integer("attention.key_length_mla", plain + rotary);
  to.integer("attention.value_length_mla", value);
  to.integer("rope.dimension_count", rotary);
  describe_rope(config, to, {.yarn = describe_latent_yarn});
  config.expect_flag("rope_interleave", true);
  config.expect_number("partial_rotary_factor", 1);
  if (config.has("num_key_value_heads") && config.integer("num_key_value_heads", 1, most) != to.heads)
    config.unsupported("num_key_value_heads", "expected as many as num_attention_heads, of which each has its own keys");
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_epsilon(config, to);
  to.integer("vocab_size", to.of("vocabulary"));
  to.drafts = config.integer("num_nextn_predict_layers", 0, 64, 0);
  describe_attention(config, to);
  describe_grouped_experts(config, to);
  to.kinds = "first_k_dense_replace, q_lora_rank or n_shared_experts";
  config.expect_text("hidden_act", "silu");
}

// A group counts by its best expert.
void describe_v2(const Config& config, Description& to) {
  describe(config, to);
  to.integer("expert_gating_func", 1);
  config.expect_text("scoring_func", "softmax");
  config.expect_flag("norm_topk_prob", false);
  config.expect_text("topk_method",
                     config.integer("n_group", 1, 1 << 16, 1) > 1 ? "group_limited_greedy" : config.string("topk_method", "greedy"));
}

// A group counts by its best two, with a bias that chooses and does not weigh.
void describe_v3(const Config& config, Description& to) {
  describe(config, to);
  describe_sigmoid_router(config, to);
}

// The rows of kv_b that make each head's keys (without their rotated part), and those that make its values.
std::vector<int64_t> of_heads(const Description& d, int64_t first, int64_t count) {
  const int64_t each = d.of("plain") + d.of("value");
  std::vector<int64_t> from;
  for (int64_t row = 0; row < d.heads * count; row++) from.push_back(row / count * each + first + row % count);
  return from;
}
std::vector<int64_t> key_rows(const Description& d) { return of_heads(d, 0, d.of("plain")); }
std::vector<int64_t> value_rows(const Description& d) { return of_heads(d, d.of("plain"), d.of("value")); }

bool with_query_rank(const Description& d, int64_t) { return d.of("query_rank") > 0; }
bool without_query_rank(const Description& d, int64_t) { return d.of("query_rank") == 0; }

Rules latent_attention() {
  constexpr std::string_view kv_b = "model.layers.{}.self_attn.kv_b_proj.weight";
  const Shape k_b = {"heads", "latent", "plain"}, v_b = {"heads", "value", "latent"}, stored = {"plain_and_value", "latent"};
  return {
      {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", without_query_rank, {"query", "width"}},
      {"model.layers.{}.self_attn.q_a_proj.weight", "blk.{}.attn_q_a.weight", with_query_rank, {"query_rank", "width"}},
      {"model.layers.{}.self_attn.q_a_layernorm.weight", "blk.{}.attn_q_a_norm.weight", with_query_rank, {"query_rank"}},
      {"model.layers.{}.self_attn.q_b_proj.weight", "blk.{}.attn_q_b.weight", with_query_rank, {"query", "query_rank"}},
      {"model.layers.{}.self_attn.kv_a_proj_with_mqa.weight", "blk.{}.attn_kv_a_mqa.weight", everywhere, {"cached", "width"}},
      {"model.layers.{}.self_attn.kv_a_layernorm.weight", "blk.{}.attn_kv_a_norm.weight", everywhere, {"latent"}},
      {kv_b, "blk.{}.attn_k_b.weight", everywhere, stored, Change::none, {.rows = key_rows, .turned = true, .becomes = k_b}},
      {kv_b, "blk.{}.attn_v_b.weight", everywhere, stored, Change::none, {.rows = value_rows, .becomes = v_b}},
      {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "values"}},
  };
}

Rules all_rules() {
  return joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), latent_attention(), feed_forward_rules(), expert_rules(),
                 router_rules("model.layers.{}.mlp.gate.weight"), shared_expert_rules()});
}

const Architecture v2{
    .name = "deepseek2",
    .classes = {"DeepseekV2ForCausalLM"},
    .describe = describe_v2,
    .tensors = all_rules(),
};
const Architecture v3{
    .name = "deepseek2",
    .classes = {"DeepseekV3ForCausalLM", "Glm4MoeLiteForCausalLM"},
    .describe = describe_v3,
    .tensors = joined({all_rules(), router_bias_rules("model.layers.{}.mlp.gate.e_score_correction_bias")}),
};
const RegisterArchitecture registered_v2(v2), registered_v3(v3);

}  // namespace
}  // namespace lt::convert
