#include "convert/decoder.h"

namespace lt::convert {

void describe_stack(const Config& config, Description& to) {
  to.layers = config.integer("num_hidden_layers", 1, 4096);
  const int64_t width = config.integer("hidden_size", 1, 1 << 20);
  to.size("width", width, "hidden_size");
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.size("one", 1, "architectures");
  to.integer("block_count", to.layers);
  to.integer("embedding_length", width);
}

namespace {

void describe_head_count(const Config& config, Description& to) {
  to.heads = config.integer("num_attention_heads", 1, 1 << 14);
  to.size("heads", to.heads, "num_attention_heads");
  to.integer("attention.head_count", to.heads);
}

}  // namespace

void describe_context(const Config& config, Description& to) {
  to.integer("context_length", config.integer("max_position_embeddings", 1, 1 << 30));
}

void describe_feed_forward(Description& to, int64_t columns) {
  to.size("feed_forward", columns, "intermediate_size");
  to.integer("feed_forward_length", columns);
}

void describe_sizes(const Config& config, Description& to) {
  describe_stack(config, to);
  describe_context(config, to);
  describe_feed_forward(to, config.integer("intermediate_size", 1, 1 << 20));
  describe_head_count(config, to);
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
  if (attending.empty())
    to.integer("attention.head_count_kv", to.kv_heads);
  else
    to.put("attention.head_count_kv", std::span<const int32_t>(by_layer));
  if (!config.has("head_dim")) return;
  to.integer("attention.key_length", to.head_dim);
  to.integer("attention.value_length", to.head_dim);
}

void describe_epsilon(const Config& config, Description& to, const char* key, double fallback) {
  to.number("attention.layer_norm_rms_epsilon", config.number(key, 0, 1, fallback));
}

void describe_decoder(const Config& config, Description& to, const RopeRules& rope) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_rope(config, to, rope);
  describe_epsilon(config, to);
  config.expect_text("hidden_act", "silu");
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
      {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", of.held, {"width", "query"}},
      {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", of.biases, {of.queries}, Change::none, {.columns = of.q}},
      {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", of.biases, {"key_value"}, Change::none, {.columns = of.k}},
      {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias", of.biases, {"key_value"}},
      {"model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias", of.biases, {"width"}},
  };
}

Rules head_norm_rules(Change norms, Held held) {
  return {
      {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", held, {"head"}, norms},
      {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", held, {"head"}, norms},
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

Rules expert_rules(std::string_view gate, std::string_view up, std::string_view down) {
  return {
      {gate, "blk.{}.ffn_gate_exps.weight", sparse, {"expert_feed_forward", "width"}},
      {up, "blk.{}.ffn_up_exps.weight", sparse, {"expert_feed_forward", "width"}},
      {down, "blk.{}.ffn_down_exps.weight", sparse, {"width", "expert_feed_forward"}},
  };
}

namespace {

std::vector<int64_t> paired(int64_t heads, int64_t size) {
  std::vector<int64_t> from;
  for (int64_t row = 0; row < heads * size; row++) from.push_back(row / size * size + row % size / 2 + row % 2 * (size / 2));
  return from;
}

}  // namespace

std::vector<int64_t> paired_queries(const Description& d) { return paired(d.heads, d.head_dim); }
std::vector<int64_t> paired_keys(const Description& d) { return paired(d.kv_heads, d.head_dim); }

Rules decoder_rules(const AttentionRules& attention, const Rules& more) {
  return joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), attention_rules(attention), feed_forward_rules(), more});
}

}  // namespace lt::convert
