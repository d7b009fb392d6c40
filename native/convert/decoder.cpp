#include "convert/decoder.h"

#include <algorithm>

namespace lt::convert {

void describe_sizes(const Config& config, Description& to, const SizeKeys& keys) {
  const auto size = [&](const char* key, int64_t most, int64_t fallback) {
    return fallback > 0 ? config.integer(key, 1, most, fallback) : config.integer(key, 1, most);
  };
  to.layers = config.integer(keys.layers, 1, 4096);
  const int64_t width = config.integer(keys.width, 1, 1 << 20);
  const int64_t feed_forward = size(keys.feed_forward, 1 << 20, keys.widening * width);
  to.heads = config.integer(keys.heads, 1, 1 << 14);
  to.size("width", width, keys.width);
  to.size("heads", to.heads, keys.heads);
  to.size("feed_forward", feed_forward, keys.feed_forward);
  to.size("gate_up", 2 * feed_forward, keys.feed_forward);
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.size("one", 1, "architectures");
  to.integer("block_count", to.layers);
  const int64_t context = size(keys.context, 1 << 30, keys.trained);
  to.size("context", context, keys.context);
  to.integer("context_length", context);
  to.integer("embedding_length", width);
  to.integer("feed_forward_length", feed_forward);
  to.integer("attention.head_count", to.heads);
}

void describe_heads(const Config& config, Description& to) {
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
  to.size("kv_heads", to.kv_heads, "num_key_value_heads");
  to.integer("attention.head_count_kv", to.kv_heads);
  if (!config.has("head_dim")) return;
  to.integer("attention.key_length", to.head_dim);
  to.integer("attention.value_length", to.head_dim);
}

void describe_even_heads(const Config& config, Description& to, int64_t kv_heads) {
  const int64_t width = to.of("width");
  if (width % to.heads || width / to.heads % 2)
    config.fail(to.setting("heads"), "expected heads of an even number of columns, found " + std::to_string(to.heads) + " for " +
                                         std::to_string(width) + " columns");
  if (to.heads % kv_heads)
    config.fail(to.setting("heads"),
                "expected a multiple of " + std::to_string(kv_heads) + " heads of keys, found " + std::to_string(to.heads));
  to.kv_heads = kv_heads, to.head_dim = width / to.heads;
  to.size("head", to.head_dim, to.setting("width"));
  to.size("kv_heads", kv_heads, to.setting("heads"));
  to.size("query", width, to.setting("width"));
  to.size("key_value", kv_heads * to.head_dim, to.setting("heads"));
  to.size("qkv", width + 2 * kv_heads * to.head_dim, to.setting("heads"));
}

void describe_layer_norm(const Config& config, Description& to, const char* key) {
  to.number("attention.layer_norm_epsilon", config.number(key, 0, 1, 1e-5));
  if (config.has("rms_norm_eps")) to.number("attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 0, 1, 1e-5));
}

void describe_epsilon(const Config& config, Description& to) {
  to.number("attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 0, 1, 1e-6));
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
