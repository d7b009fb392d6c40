// What the folders of dense decoders have in common.
#include <cmath>

#include "convert/architecture.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr int64_t most = int64_t{1} << 30;
constexpr double pi = 3.14159265358979323846;
constexpr double least = 1e-6, most_factor = 1e6;  // by which positions are divided

// Section 3.4 of YaRN (Peng et al. 2023), with the share that DeepSeek's configurations name.
double magnitude(double factor, double scale) { return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1; }

void describe_yarn(const Config& rope, Description& to) {
  const double factor = rope.number("factor", least, most_factor, 1);
  if (!rope.boolean("truncate", true)) rope.unsupported("truncate", "YaRN is run with true alone");
  to.put("rope.scaling.type", "yarn");
  to.number("rope.scaling.factor", factor);
  if (rope.has("original_max_position_embeddings"))
    to.integer("rope.scaling.original_context_length", rope.integer("original_max_position_embeddings", 1, most));
  if (rope.has("beta_fast")) to.number("rope.scaling.yarn_beta_fast", rope.number("beta_fast", least, most_factor, 32));
  if (rope.has("beta_slow")) to.number("rope.scaling.yarn_beta_slow", rope.number("beta_slow", least, most_factor, 1));
  double scale = magnitude(factor, 1);
  if (rope.has("mscale") && rope.has("mscale_all_dim"))
    scale = magnitude(factor, rope.number("mscale", 1)) / magnitude(factor, rope.number("mscale_all_dim", 1));
  scale = rope.number("attention_factor", 0, 1e3, scale);
  if (!(scale >= 0 && scale <= 1e3)) rope.fail("mscale", "expected what magnifies at most a thousand times");
  if (std::fabs(scale - magnitude(factor, 1)) > 1e-6) to.number("rope.scaling.yarn_attn_factor", scale);
}

// Llama 3's divisors of the frequencies: 1 where a pair turns often in the original context, `factor` where it turns rarely, smooth
// between (the "llama3" rule of transformers' modeling_rope_utils). In float, as it is computed there.
float llama3_divisor(float frequency, float original, float factor, float low, float high) {
  const float length = 1 / frequency * static_cast<float>(2 * pi);
  if (length < original / high) return 1;
  if (length > original / low) return factor;
  const float smooth = (1 / length * original - low) / (high - low);
  return 1 / ((1 - smooth) / factor + smooth);
}

void describe_llama3(const Config& rope, Description& to, int64_t rotary, double base) {
  const double factor = rope.number("factor", least, most_factor, 8);
  const double low = rope.number("low_freq_factor", 1), high = rope.number("high_freq_factor", 4);
  const int64_t original = rope.integer("original_max_position_embeddings", 1, most, 8192);
  if (!(high > low) || low <= 0) rope.fail("high_freq_factor", "expected more than low_freq_factor, and that above 0");
  Computed divisors{"rope_freqs.weight", {}};
  for (int64_t i = 0; i < rotary; i += 2) {
    const float frequency = 1 / std::pow(static_cast<float>(base), static_cast<float>(i) / static_cast<float>(rotary));
    divisors.values.push_back(llama3_divisor(frequency, static_cast<float>(original), static_cast<float>(factor), static_cast<float>(low),
                                             static_cast<float>(high)));
  }
  to.tensors.push_back(std::move(divisors));
}

void describe_rope(const Config& config, Description& to) {
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (config.has(key) && !config[key].is(json::Kind::object)) config.fail(key, "expected an object or null");
  const Config rope(config.name() + ": " + key, config[key]);
  const double base = rope.number("rope_theta", config.number("rope_theta", 10000));
  if (!(base >= 1.001 && base <= 1e12)) config.fail("rope_theta", "expected a number above 1, of at most 1e12");
  const auto rotary = static_cast<int64_t>(static_cast<double>(to.head_dim) *
                                           rope.number("partial_rotary_factor", config.number("partial_rotary_factor", 1)));
  if (rotary < 2 || rotary > to.head_dim || rotary % 2)
    config.fail("partial_rotary_factor", "expected an even number of columns to rotate");
  const std::string_view kind = rope.string("rope_type", rope.string("type", "default"));
  to.number("rope.freq_base", base);
  if (rotary != to.head_dim) to.integer("rope.dimension_count", rotary);
  if (kind == "linear") {
    to.put("rope.scaling.type", "linear");
    to.number("rope.scaling.factor", rope.number("factor", least, most_factor, 1));
  } else if (kind == "yarn") {
    describe_yarn(rope, to);
  } else if (kind == "llama3") {
    describe_llama3(rope, to, rotary, base);
  } else if (kind != "default") {
    config.unsupported(key, "rope_type: expected default, linear, yarn or llama3, found \"" + shown(kind) + "\"");
  }
}

}  // namespace

void describe_decoder(const Config& config, Description& to) {
  to.layers = config.integer("num_hidden_layers", 1, 4096);
  to.width = config.integer("hidden_size", 1, 1 << 20);
  to.heads = config.integer("num_attention_heads", 1, 1 << 14);
  to.kv_heads = config.integer("num_key_value_heads", 1, 1 << 14, to.heads);
  if (to.heads % to.kv_heads)
    config.fail("num_key_value_heads",
                "expected a divisor of the " + std::to_string(to.heads) + " of num_attention_heads, found " + std::to_string(to.kv_heads));
  if (!config.has("head_dim") && to.width % to.heads)
    config.fail("num_attention_heads",
                "expected a divisor of the " + std::to_string(to.width) + " of hidden_size, found " + std::to_string(to.heads));
  to.head_dim = config.integer("head_dim", 2, 1 << 14, to.width / to.heads);
  if (to.head_dim < 2 || to.head_dim > 1 << 14 || to.head_dim % 2)
    config.fail(config.has("head_dim") ? "head_dim" : "num_attention_heads",
                "expected heads of an even number of columns, found " + std::to_string(to.head_dim));
  to.feed_forward = config.integer("intermediate_size", 1, 1 << 20);
  to.vocabulary = config.integer("vocab_size", 1, 1 << 24);
  if (config.string("hidden_act", "silu") != "silu") config.unsupported("hidden_act", "expected silu, which this architecture is run with");
  to.integer("block_count", to.layers);
  to.integer("context_length", config.integer("max_position_embeddings", 1, most));
  to.integer("embedding_length", to.width);
  to.integer("feed_forward_length", to.feed_forward);
  to.integer("attention.head_count", to.heads);
  to.integer("attention.head_count_kv", to.kv_heads);
  describe_rope(config, to);
  to.number("attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 0, 1, 1e-6));
  if (config.has("head_dim")) {
    to.integer("attention.key_length", to.head_dim);
    to.integer("attention.value_length", to.head_dim);
  }
}

std::vector<Rule> decoder_rules(Change q, Change k, std::vector<Rule> more) {
  using enum Size;
  std::vector<Rule> rules = {
      {"model.embed_tokens.weight", "token_embd.weight", Held::all, {vocabulary, width}},
      {"model.norm.weight", "output_norm.weight", Held::all, {width}},
      {"lm_head.weight", "output.weight", Held::some, {vocabulary, width}},
      {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", Held::all, {width}},
      {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", Held::all, {width}},
      {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", Held::all, {query, width}, q},
      {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", Held::all, {key_value, width}, k},
      {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", Held::all, {key_value, width}},
      {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", Held::all, {width, query}},
      {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", Held::some, {query}, q},
      {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", Held::some, {key_value}, k},
      {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias", Held::some, {key_value}},
      {"model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias", Held::some, {width}},
      {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", Held::dense, {feed_forward, width}},
      {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", Held::dense, {feed_forward, width}},
      {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", Held::dense, {width, feed_forward}},
      {"model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias", Held::some, {feed_forward}},
      {"model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias", Held::some, {feed_forward}},
      {"model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias", Held::some, {width}},
  };
  rules.insert(rules.end(), more.begin(), more.end());
  return rules;
}

}  // namespace lt::convert
