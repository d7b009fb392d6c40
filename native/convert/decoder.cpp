#include "convert/decoder.h"

#include <algorithm>

namespace lt::convert {
namespace {

// Of each expert's rows, its gate's and then those that it scales, either half.
std::vector<int64_t> joint_half(const Description& d, int64_t which) {
  const int64_t count = d.of("expert_feed_forward");
  std::vector<int64_t> from;
  for (int64_t expert = 0; expert < d.of("experts"); expert++)
    for (int64_t row = 0; row < count; row++) from.push_back((2 * expert + which) * count + row);
  return from;
}
// Of columns that are a gate's and then those that it scales.
std::vector<int64_t> half_of_columns(const Description& d, int64_t which) {
  std::vector<int64_t> from;
  for (int64_t i = 0; i < d.of("expert_feed_forward"); i++) from.push_back(which * d.of("expert_feed_forward") + i);
  return from;
}
std::vector<int64_t> gate_columns(const Description& d) { return half_of_columns(d, 0); }
std::vector<int64_t> up_columns(const Description& d) { return half_of_columns(d, 1); }

std::vector<int64_t> joint_gates(const Description& d) { return joint_half(d, 0); }
std::vector<int64_t> joint_ups(const Description& d) { return joint_half(d, 1); }

int64_t size_or(const Config& config, const char* key, int64_t most, int64_t fallback) {
  return fallback > 0 ? config.integer(key, 1, most, fallback) : config.integer(key, 1, most);
}

}  // namespace

void put_by_layer(const char* key, const std::vector<int64_t>& values, Description& to) {
  if (values.size() == 1) return to.integer(key, values[0]);
  const std::vector<int32_t> all(values.begin(), values.end());
  to.put(key, std::span<const int32_t>(all));
}

void describe_stack(const Config& config, Description& to, const char* layers, const char* columns) {
  to.layers = config.integer(layers, 1, 4096);
  to.counts = layers;
  const int64_t width = config.integer(columns, 1, 1 << 20);
  to.size("width", width, columns);
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.size("one", 1, "architectures");
  to.integer("block_count", to.layers);
  to.integer("embedding_length", width);
}

namespace {

void describe_head_count(const Config& config, Description& to, const char* heads = "num_attention_heads") {
  to.heads = config.integer(heads, 1, 1 << 14);
  to.size("heads", to.heads, heads);
  to.integer("attention.head_count", to.heads);
}

}  // namespace

void describe_context(const Config& config, Description& to, const char* key, int64_t otherwise) {
  const int64_t context = size_or(config, key, 1 << 30, otherwise);
  to.size("context", context, key);
  to.integer("context_length", context);
}

void describe_feed_forward(Description& to, int64_t columns, const char* setting) {
  to.size("feed_forward", columns, setting);
  to.integer("feed_forward_length", columns);
}

void describe_sizes(const Config& config, Description& to, const SizeKeys& keys) {
  describe_stack(config, to, keys.layers, keys.width);
  describe_context(config, to, keys.context, keys.trained);
  if (config.has(keys.feed_forward) || !to.no_dense_layer) {
    std::vector<int64_t> columns = keys.columns;
    if (columns.empty() && keys.widening > 0) columns = {size_or(config, keys.feed_forward, 1 << 20, keys.widening * to.of("width"))};
    if (columns.empty()) columns = config.integers(keys.feed_forward, to.layers, 1, 1 << 20);
    to.sizes("feed_forward", columns, keys.feed_forward);
    if (columns.size() == 1) to.size("gate_up", 2 * columns[0], keys.feed_forward);
    put_by_layer("feed_forward_length", columns, to);
  }
  describe_head_count(config, to, keys.heads);
}

void describe_hybrid(const Config& config, Description& to, const std::vector<bool>& attending) {
  describe_stack(config, to);
  describe_head_count(config, to);
  describe_heads(config, to, attending);
}

void describe_heads(const Config& config, Description& to, const std::vector<bool>& attending) {
  to.kv_heads = config.integer("num_key_value_heads", 1, 1 << 14, to.heads);
  const int64_t width = to.of("width");
  if (to.heads % to.kv_heads)
    config.fail("num_key_value_heads",
                "expected a divisor of the " + std::to_string(to.heads) + " of num_attention_heads, found " + std::to_string(to.kv_heads));
  if (!config.has("head_dim") && width % to.heads)
    config.fail("num_attention_heads",
                "expected a divisor of the " + std::to_string(width) + " of hidden_size, found " + std::to_string(to.heads));
  to.head_dim = config.integer("head_dim", 2, 1 << 14, width / to.heads);
  if (to.head_dim < 2 || to.head_dim > 1 << 14 || to.head_dim % 2)
    config.fail(config.has("head_dim") ? "head_dim" : "num_attention_heads",
                "expected heads of an even number of columns, found " + std::to_string(to.head_dim));
  to.size("query", to.heads * to.head_dim, "num_attention_heads x head_dim");
  to.size("key_value", to.kv_heads * to.head_dim, "num_key_value_heads x head_dim (by default hidden_size / num_attention_heads)");
  to.size("head", to.head_dim, "head_dim");
  std::vector<int32_t> by_layer;
  for (const bool attends : attending) by_layer.push_back(attends ? static_cast<int32_t>(to.kv_heads) : 0);
  to.size("kv_heads", to.kv_heads, "num_key_value_heads");
  if (attending.empty())
    to.integer("attention.head_count_kv", to.kv_heads);
  else
    to.put("attention.head_count_kv", std::span<const int32_t>(by_layer));
  if (!config.has("head_dim")) return;
  to.integer("attention.key_length", to.head_dim);
  to.integer("attention.value_length", to.head_dim);
}

void describe_even_heads(const Config& config, Description& to, int64_t kv_heads, const char* kv_key) {
  const int64_t width = to.of("width");
  const std::string of_heads = to.setting("heads"), of_width = to.setting("width"), all = of_width + ", " + of_heads + ", " + kv_key;
  if (width % to.heads || width / to.heads % 2)
    config.fail(of_heads, "expected heads of an even number of columns, of the " + std::to_string(width) + " of " + of_width + ", found " +
                              std::to_string(to.heads) + " heads");
  if (to.heads % kv_heads)
    config.fail(kv_key,
                "expected a divisor of the " + std::to_string(to.heads) + " of " + of_heads + ", found " + std::to_string(kv_heads));
  to.kv_heads = kv_heads, to.head_dim = width / to.heads;
  to.size("head", to.head_dim, of_width + " / " + of_heads);
  to.size("kv_heads", kv_heads, kv_key);
  to.size("query", width, of_width);
  to.size("key_value", kv_heads * to.head_dim, all);
  to.size("qkv", width + 2 * kv_heads * to.head_dim, all);
}

void describe_layer_norm(const Config& config, Description& to, const char* key) {
  to.number("attention.layer_norm_epsilon", config.number(key, 0, 1, 1e-5));
  if (config.has("rms_norm_eps")) to.number("attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 0, 1, 1e-5));
}

void describe_epsilon(const Config& config, Description& to, const char* key, double fallback) {
  to.number("attention.layer_norm_rms_epsilon", config.number(key, 0, 1, fallback));
}

void describe_decoder(const Config& config, Description& to, const RopeRules& rope, std::string_view activation) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_rope(config, to, rope);
  describe_epsilon(config, to);
  config.expect_text("hidden_act", activation);
}

void describe_llama(const Config& config, Description& to, const RopeRules& rope, std::string_view activation) {
  describe_decoder(config, to, rope, activation);
  to.integer("vocab_size", to.of("vocabulary"));
  if (config.number("partial_rotary_factor", 1) != 1) config.unsupported("partial_rotary_factor", "whole heads are rotated");
  to.integer("rope.dimension_count", to.head_dim);
}

void describe_windows_by_layer(const Config& config, Description& to) {
  if (!config.boolean("use_sliding_window", false) || !config.has("sliding_window")) return;
  const int64_t window = config.integer("sliding_window", 1, 1 << 30);
  std::vector<bool> slides = config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
  if (slides.empty()) {
    const int64_t first = config.integer("max_window_layers", 0, 1 << 20, to.layers);
    for (int64_t i = 0; i < to.layers; i++) slides.push_back(i >= first);
  }
  if (std::find(slides.begin(), slides.end(), true) == slides.end() || window >= config.integer("max_position_embeddings", 1, 1 << 30))
    return;
  to.integer("attention.sliding_window", window);
  to.flags("attention.sliding_window_pattern", slides);
  to.folder_only(config, "sliding_window");
}

void describe_experts(const Config& config, Description& to, const ExpertSettings& of) {
  const int64_t experts = config.integer(of.count, 1, 1 << 16), columns = config.integer(of.columns, 1, 1 << 20);
  to.sparse.assign(static_cast<size_t>(to.layers), true);
  to.size("experts", experts, of.count);
  to.size("expert_feed_forward", columns, of.columns);
  to.size("expert_gate_up", 2 * columns, of.columns);
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer(of.used, 1, experts));
  if (of.writes_columns) to.integer("expert_feed_forward_length", columns);
}

void describe_shared_expert(Description& to, int64_t columns, const char* setting) { to.size("shared_feed_forward", columns, setting); }

void describe_leading(const Config& config, Description& to, const char* setting) {
  const int64_t leading = config.integer(setting, 0, to.layers, 0);
  std::fill_n(to.sparse.begin(), leading, false);
  to.kinds = setting;
  to.integer("leading_dense_block_count", leading);
}

void describe_grouped_experts(const Config& config, Description& to) {
  describe_experts(config, to, {.count = "n_routed_experts"});
  describe_leading(config, to, "first_k_dense_replace");
  const int64_t experts = to.of("experts"), shared = config.integer("n_shared_experts", 0, 1024, 0);
  describe_shared_expert(to, shared * to.of("expert_feed_forward"), "n_shared_experts x moe_intermediate_size");
  const int64_t groups = config.integer("n_group", 1, experts, 1);
  if (experts % groups) config.fail("n_group", "expected a divisor of the " + std::to_string(experts) + " of n_routed_experts");
  to.integer("expert_group_count", groups);
  to.integer("expert_group_used_count", config.integer("topk_group", 1, groups, 1));
  to.integer("expert_shared_count", shared);
  to.number("expert_weights_scale", config.number("routed_scaling_factor", 1));
  config.expect_number("moe_layer_freq", 1);
  const std::vector<bool> sparse = config.choices("mlp_layer_types", to.layers, "sparse", "dense");
  if (!sparse.empty() && sparse != to.sparse)
    config.unsupported("mlp_layer_types", "expected the layers that first_k_dense_replace says, dense");
}

void describe_sigmoid_router(const Config& config, Description& to) {
  to.integer("expert_gating_func", 2);
  if (config.boolean("norm_topk_prob", true)) to.put("expert_weights_norm", true);
  if (config.string("scoring_func", "sigmoid") != "noaux_tc") config.expect_text("scoring_func", "sigmoid");  // as dots.llm1 has it
  config.expect_text("topk_method", "noaux_tc");
}

void describe_weights_norm(const Config& config, Description& to, bool implied) {
  const bool said = config.boolean("norm_topk_prob", false);
  if (said == implied) return;
  to.put("expert_weights_norm", said);
  to.folder_only(config, "norm_topk_prob");
}

void describe_gated_shared_expert(const Config& config, Description& to) {
  const int64_t shared = config.integer("shared_expert_intermediate_size", 1, 1 << 20);
  describe_shared_expert(to, shared, "shared_expert_intermediate_size");
  to.integer("expert_shared_feed_forward_length", shared);
}

void expect_experts_everywhere(const Config& config) {
  config.expect_number("decoder_sparse_step", 1);
  if (config["mlp_only_layers"].size() > 0) config.unsupported("mlp_only_layers", "expected experts in every layer");
}

Rules outer_rules(Change norms) {
  return {
      {"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"model.norm.weight", "output_norm.weight", everywhere, {"width"}, norms},
      {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
  };
}

Rules norm_rules(std::string_view second, Change norms) {
  return {
      {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}, norms},
      {"model.layers.{}.post_attention_layernorm.weight", second, everywhere, {"width"}, norms},
  };
}

Rules attention_rules(const AttentionRules& of) {
  return {
      {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", of.held, {of.queries, "width"}, Change::none, {.rows = of.q}},
      {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", of.held, {"key_value", "width"}, Change::none, {.rows = of.k}},
      {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", of.held, {"key_value", "width"}},
      {of.output, "blk.{}.attn_output.weight", of.held, {"width", "query"}},
      {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", of.biases, {of.queries}, Change::none, {.columns = of.q}},
      {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", of.biases, {"key_value"}, Change::none, {.columns = of.k}},
      {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias", of.biases, {"key_value"}},
      {of.output_bias, "blk.{}.attn_output.bias", of.biases, {"width"}},
  };
}

Rules head_norm_rules(Change norms, Held held) {
  return {
      {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", held, {"head"}, norms},
      {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", held, {"head"}, norms},
  };
}

Rules row_norm_rules() {
  return {
      {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", everywhere, {"query"}},
      {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", everywhere, {"key_value"}},
  };
}

Rules feed_forward_rules() {
  return {
      {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", dense, {"width", "feed_forward"}},
      {"model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias", nullptr, {"feed_forward"}},
      {"model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias", nullptr, {"feed_forward"}},
      {"model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias", nullptr, {"width"}},
  };
}

Rules ungated_feed_forward_rules() {
  return {
      {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", dense, {"width", "feed_forward"}},
      {"model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias", nullptr, {"feed_forward"}},
      {"model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias", nullptr, {"width"}},
  };
}

Rules expert_rules(std::string_view gate, std::string_view up, std::string_view down) {
  return {
      {gate, "blk.{}.ffn_gate_exps.weight", sparse, {"expert_feed_forward", "width"}},
      {up, "blk.{}.ffn_up_exps.weight", sparse, {"expert_feed_forward", "width"}},
      {down, "blk.{}.ffn_down_exps.weight", sparse, {"width", "expert_feed_forward"}},
  };
}

Rules expert_rules() {
  return expert_rules("model.layers.{}.mlp.experts.{}.gate_proj.weight", "model.layers.{}.mlp.experts.{}.up_proj.weight",
                      "model.layers.{}.mlp.experts.{}.down_proj.weight");
}

Rules joint_expert_rules(std::string_view gate_up, std::string_view down) {
  constexpr Shape one = {"experts", "expert_feed_forward", "width"}, both = {"experts", "expert_gate_up", "width"};
  return {
      {gate_up, "blk.{}.ffn_gate_exps.weight", sparse, both, Change::none, {.rows = joint_gates, .becomes = one}},
      {gate_up, "blk.{}.ffn_up_exps.weight", sparse, both, Change::none, {.rows = joint_ups, .becomes = one}},
      {down, "blk.{}.ffn_down_exps.weight", sparse, {"experts", "width", "expert_feed_forward"}},
  };
}

Rules turned_expert_rules(std::string_view gate_up, std::string_view down) {
  constexpr Shape one = {"experts", "expert_feed_forward", "width"}, both = {"experts", "width", "expert_gate_up"};
  constexpr Shape narrow = {"experts", "width", "expert_feed_forward"};
  return {
      {gate_up, "blk.{}.ffn_gate_exps.weight", sparse, both, Change::none, {.columns = gate_columns, .turned = true, .becomes = one}},
      {gate_up, "blk.{}.ffn_up_exps.weight", sparse, both, Change::none, {.columns = up_columns, .turned = true, .becomes = one}},
      {down, "blk.{}.ffn_down_exps.weight", sparse, one, Change::none, {.turned = true, .becomes = narrow}},
  };
}

Rules router_rules(std::string_view router) {
  return {{router, "blk.{}.ffn_gate_inp.weight", sparse, {"experts", "width"}, Change::exact}};
}

Rules router_bias_rules(std::string_view bias) { return {{bias, "blk.{}.exp_probs_b.bias", sparse, {"experts"}}}; }

bool shares(const Description& d, int64_t layer) { return sparse(d, layer) && d.of("shared_feed_forward") > 0; }

Rules shared_expert_rules(std::string_view gate, std::string_view up, std::string_view down) {
  return {
      {gate, "blk.{}.ffn_gate_shexp.weight", shares, {"shared_feed_forward", "width"}},
      {up, "blk.{}.ffn_up_shexp.weight", shares, {"shared_feed_forward", "width"}},
      {down, "blk.{}.ffn_down_shexp.weight", shares, {"width", "shared_feed_forward"}},
  };
}

Rules shared_expert_rules() {
  return shared_expert_rules("model.layers.{}.mlp.shared_experts.gate_proj.weight", "model.layers.{}.mlp.shared_experts.up_proj.weight",
                             "model.layers.{}.mlp.shared_experts.down_proj.weight");
}

Rules gated_shared_expert_rules() {
  return joined(
      {shared_expert_rules("model.layers.{}.mlp.shared_expert.gate_proj.weight", "model.layers.{}.mlp.shared_expert.up_proj.weight",
                           "model.layers.{}.mlp.shared_expert.down_proj.weight"),
       {{"model.layers.{}.mlp.shared_expert_gate.weight", "blk.{}.ffn_gate_inp_shexp.weight", shares, {"one", "width"}, Change::exact}}});
}

std::vector<int64_t> neighbours(int64_t heads, int64_t size) {
  std::vector<int64_t> from;
  for (int64_t row = 0; row < heads * size; row++) from.push_back(row / size * size + row % size / 2 + row % 2 * (size / 2));
  return from;
}
std::vector<int64_t> neighbouring_queries(const Description& d) { return neighbours(d.heads, d.head_dim); }
std::vector<int64_t> neighbouring_keys(const Description& d) { return neighbours(d.kv_heads, d.head_dim); }

Rules decoder_rules(const AttentionRules& attention, const Rules& more) {
  return joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), attention_rules(attention), feed_forward_rules(), more});
}

const char* key_of(const Config& config, std::initializer_list<const char*> keys) {
  const auto at = std::find_if(keys.begin(), keys.end(), [&](const char* key) { return config.has(key); });
  return at == keys.end() ? *(keys.end() - 1) : *at;
}

std::vector<bool> windows_of(const Config& config, const Description& to) {
  return config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
}

void expect_windows(const Config& config, const Description& to, int64_t period) {
  for (const char* key : {"sliding_window_pattern", "_sliding_window_pattern"}) config.expect_number(key, static_cast<double>(period));
  const std::vector<bool> slides = windows_of(config, to);
  for (size_t i = 0; i < slides.size(); i++)
    if (slides[i] != ((static_cast<int64_t>(i) + 1) % period != 0))
      config.unsupported("layer_types",
                         "expected every layer of " + std::to_string(period) + ", the last of them, and no other, without a window");
}

std::vector<int64_t> ungrouped(const Description& d) {
  const int64_t size = d.head_dim, queries = d.heads / d.kv_heads, group = (queries + 2) * size;
  std::vector<int64_t> from;
  const auto add = [&](int64_t first, int64_t count) {
    for (int64_t g = 0; g < d.kv_heads; g++)
      for (int64_t i = 0; i < count; i++) from.push_back(g * group + first + i);
  };
  add(0, queries * size);
  add(queries * size, size);
  add((queries + 1) * size, size);
  return from;
}

}  // namespace lt::convert
