// Nemotron-H, Nemotron Nano 2 and 3: each layer is one thing, which a letter says.
#include "convert/state_space.h"

namespace lt::convert {
namespace {

constexpr char mixing = 'M', attending = '*', feeding = '-', choosing = 'E';
constexpr const char* pattern = "hybrid_override_pattern";

template <char letter>
bool is(const Description& d, int64_t layer) {
  return d.letters[static_cast<size_t>(layer)] == letter;
}

bool has_experts(const Config& config) { return config.string(pattern, "").find(choosing) != std::string_view::npos; }

void describe_letters(const Config& config, Description& to) {
  const int64_t layers = config.integer("num_hidden_layers", 1, 4096);
  to.letters = config.string(pattern, "");
  to.kinds = pattern;
  const std::string known = {mixing, attending, has_experts(config) ? choosing : feeding};
  if (std::ssize(to.letters) != layers || to.letters.find_first_not_of(known) != std::string::npos)
    config.unsupported(pattern, "expected " + std::to_string(layers) + " letters, of \"" + known + "\", found \"" + to.letters + "\"");
}

// feed_forward: the columns of a feed-forward, or of an expert.
void describe(const Config& config, Description& to, char feeds, int64_t feed_forward) {
  describe_letters(config, to);
  std::vector<bool> attends;
  std::vector<int32_t> columns;
  for (const char letter : to.letters) {
    attends.push_back(letter == attending);
    columns.push_back(letter == feeds ? static_cast<int32_t>(feed_forward) : 0);
  }
  describe_hybrid(config, to, attends);
  describe_mamba2(
      config, to,
      {.kernel = "conv_kernel", .state = "ssm_state_size", .groups = "n_groups", .heads = "mamba_num_heads", .head = "mamba_head_dim"});
  describe_epsilon(config, to, "layer_norm_epsilon", 1e-5);
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 0, 1, 1e-5));
  to.put("feed_forward_length", std::span<const int32_t>(columns));
  to.integer("context_length", unbounded);
  to.integer("vocab_size", to.of("vocabulary"));
  to.integer("rope.dimension_count", to.head_dim);
  to.put("rope.scaling.finetuned", false);
  config.expect_text("mlp_hidden_act", "relu2");
  config.expect_text("mamba_hidden_act", "silu");
  for (const char* bias : {"attention_bias", "mamba_proj_bias", "mlp_bias", "use_bias"}) config.expect_flag(bias, false);
  if (config.has("sliding_window")) config.unsupported("sliding_window", "expected none");
}

void describe_dense(const Config& config, Description& to) {
  const int64_t columns = config.integer("intermediate_size", 1, 1 << 20);
  describe(config, to, feeding, columns);
  to.size("feed_forward", columns, "intermediate_size");
}

void describe_sparse(const Config& config, Description& to) {
  const int64_t columns = config.integer("moe_intermediate_size", 1, 1 << 20), experts = config.integer("n_routed_experts", 1, 1 << 16);
  const int64_t shared = config.integer("moe_shared_expert_intermediate_size", 1, 1 << 20);
  const int64_t groups = config.integer("n_group", 1, experts, 1);
  describe(config, to, choosing, columns);
  to.size("expert_feed_forward", columns, "moe_intermediate_size");
  to.size("shared_feed_forward", shared, "moe_shared_expert_intermediate_size");
  to.size("experts", experts, "n_routed_experts");
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts));
  to.integer("expert_group_count", groups);
  to.integer("expert_group_used_count", config.integer("topk_group", 1, groups, 1));
  to.integer("expert_feed_forward_length", columns);
  to.integer("expert_shared_feed_forward_length", shared);
  to.integer("expert_shared_count", config.integer("n_shared_experts", 1, 1, 1));
  to.put("expert_weights_norm", config.boolean("norm_topk_prob", true));
  to.number("expert_weights_scale", config.number("routed_scaling_factor", 1e-6, 1e6, 1));
}

// Rows of q and k are interleaved as where heads are rotated, which none is: scores are the same.
Rules common() {
  return joined({{{"backbone.embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
                  {"backbone.norm_f.weight", "output_norm.weight", everywhere, {"width"}},
                  {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
                  {"backbone.layers.{}.norm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
                  {"backbone.layers.{}.mixer.q_proj.weight",
                   "blk.{}.attn_q.weight",
                   is<attending>,
                   {"query", "width"},
                   Change::none,
                   {.rows = neighbouring_queries}},
                  {"backbone.layers.{}.mixer.k_proj.weight",
                   "blk.{}.attn_k.weight",
                   is<attending>,
                   {"key_value", "width"},
                   Change::none,
                   {.rows = neighbouring_keys}},
                  {"backbone.layers.{}.mixer.v_proj.weight", "blk.{}.attn_v.weight", is<attending>, {"key_value", "width"}},
                  {"backbone.layers.{}.mixer.o_proj.weight", "blk.{}.attn_output.weight", is<attending>, {"width", "query"}}},
                 mamba2_rules("backbone.layers.{}.mixer.", is<mixing>)});
}

Rules feed_forwards() {
  return {
      {"backbone.layers.{}.mixer.up_proj.weight", "blk.{}.ffn_up.weight", is<feeding>, {"feed_forward", "width"}},
      {"backbone.layers.{}.mixer.down_proj.weight", "blk.{}.ffn_down.weight", is<feeding>, {"width", "feed_forward"}},
  };
}

Rules experts() {
  constexpr Held held = is<choosing>;
  return {
      {"backbone.layers.{}.mixer.experts.{}.up_proj.weight", "blk.{}.ffn_up_exps.weight", held, {"expert_feed_forward", "width"}},
      {"backbone.layers.{}.mixer.experts.{}.down_proj.weight", "blk.{}.ffn_down_exps.weight", held, {"width", "expert_feed_forward"}},
      {"backbone.layers.{}.mixer.shared_experts.up_proj.weight", "blk.{}.ffn_up_shexp.weight", held, {"shared_feed_forward", "width"}},
      {"backbone.layers.{}.mixer.shared_experts.down_proj.weight", "blk.{}.ffn_down_shexp.weight", held, {"width", "shared_feed_forward"}},
      {"backbone.layers.{}.mixer.gate.weight", "blk.{}.ffn_gate_inp.weight", held, {"experts", "width"}, Change::exact},
      {"backbone.layers.{}.mixer.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias", held, {"experts"}},
  };
}

const Architecture nemotron_h{
    .name = "nemotron_h",
    .classes = {"NemotronHForCausalLM"},
    .describe = describe_dense,
    .tensors = joined({common(), feed_forwards()}),
    .serves = [](const Config& config) { return !has_experts(config); },
};
const Architecture nemotron_h_moe{
    .name = "nemotron_h_moe",
    .classes = {"NemotronHForCausalLM"},
    .describe = describe_sparse,
    .tensors = joined({common(), experts()}),
    .serves = has_experts,
};
const RegisterArchitecture registered(nemotron_h), registered_moe(nemotron_h_moe);

}  // namespace
}  // namespace lt::convert
