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

void describe_experts(const Config& config, Description& to) {
  const int64_t experts = config.integer("n_routed_experts", 1, most), shared = config.integer("n_shared_experts", 0, 1024, 0);
  const int64_t feed_forward = config.integer("moe_intermediate_size", 1, 1 << 20);
  const int64_t leading = config.integer("first_k_dense_replace", 0, to.layers, 0);
  to.size("experts", experts, "n_routed_experts");
  to.size("expert_feed_forward", feed_forward, "moe_intermediate_size");
  to.size("shared_feed_forward", shared * feed_forward, "n_shared_experts x moe_intermediate_size");
  to.kinds = "first_k_dense_replace, q_lora_rank or n_shared_experts";
  for (int64_t i = 0; i < to.layers; i++) to.sparse.push_back(i >= leading);
  to.integer("leading_dense_block_count", leading);
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts));
  to.integer("expert_feed_forward_length", feed_forward);
  to.integer("expert_shared_count", shared);
  to.number("expert_weights_scale", config.number("routed_scaling_factor", 1));
  config.expect_number("moe_layer_freq", 1);
  const std::vector<bool> sparse = config.choices("mlp_layer_types", to.layers, "sparse", "dense");
  if (!sparse.empty() && sparse != to.sparse)
    config.unsupported("mlp_layer_types", "expected the layers that first_k_dense_replace says, dense");
}

// Experts are chosen among those of a few groups. Returns the number of groups.
int64_t describe_groups(const Config& config, Description& to) {
  const int64_t experts = to.of("experts"), groups = config.integer("n_group", 1, experts, 1);
  if (experts % groups) config.fail("n_group", "expected a divisor of the " + std::to_string(experts) + " of n_routed_experts");
  const int64_t used = config.integer("topk_group", 1, groups, 1);
  to.integer("expert_group_count", groups);
  to.integer("expert_group_used_count", used);
  return groups;
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_epsilon(config, to);
  to.integer("vocab_size", to.of("vocabulary"));
  to.drafts = config.integer("num_nextn_predict_layers", 0, 64, 0);
  describe_attention(config, to);
  describe_experts(config, to);
  config.expect_text("hidden_act", "silu");
}

constexpr uint32_t softmax = 1, sigmoid = 2;  // expert_gating_func

// A group counts by its best expert.
void describe_v2(const Config& config, Description& to) {
  describe(config, to);
  to.put("expert_gating_func", softmax);
  config.expect_text("scoring_func", "softmax");
  config.expect_flag("norm_topk_prob", false);
  config.expect_text("topk_method", describe_groups(config, to) > 1 ? "group_limited_greedy" : config.string("topk_method", "greedy"));
}

// A group counts by its best two, with a bias that chooses and does not weigh.
void describe_v3(const Config& config, Description& to) {
  describe(config, to);
  to.put("expert_gating_func", sigmoid);
  if (config.boolean("norm_topk_prob", true)) to.put("expert_weights_norm", true);
  config.expect_text("scoring_func", "sigmoid");
  config.expect_text("topk_method", "noaux_tc");
  describe_groups(config, to);
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
bool shares(const Description& d, int64_t layer) { return sparse(d, layer) && d.of("shared_feed_forward") > 0; }

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

Rules experts() {
  return joined({
      expert_rules("model.layers.{}.mlp.experts.{}.gate_proj.weight", "model.layers.{}.mlp.experts.{}.up_proj.weight",
                   "model.layers.{}.mlp.experts.{}.down_proj.weight"),
      {{"model.layers.{}.mlp.gate.weight", "blk.{}.ffn_gate_inp.weight", sparse, {"experts", "width"}, Change::exact},
       {"model.layers.{}.mlp.shared_experts.gate_proj.weight", "blk.{}.ffn_gate_shexp.weight", shares, {"shared_feed_forward", "width"}},
       {"model.layers.{}.mlp.shared_experts.up_proj.weight", "blk.{}.ffn_up_shexp.weight", shares, {"shared_feed_forward", "width"}},
       {"model.layers.{}.mlp.shared_experts.down_proj.weight", "blk.{}.ffn_down_shexp.weight", shares, {"width", "shared_feed_forward"}}},
  });
}

Rules all_rules() {
  return joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), latent_attention(), feed_forward_rules(), experts()});
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
    .tensors =
        joined({all_rules(), {{"model.layers.{}.mlp.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias", sparse, {"experts"}}}}),
};
const RegisterArchitecture registered_v2(v2), registered_v3(v3);

}  // namespace
}  // namespace lt::convert
