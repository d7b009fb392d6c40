// Gemma 4, text.
#include <algorithm>
#include <charconv>

#include "convert/gemma.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr int64_t most_dim = 1 << 14;

// Heads by layer. Full layers have larger ones, and where keys are values too perhaps fewer of those; newer folders list what
// differs by layer.
struct LayerHeads {
  std::vector<int64_t> dim, kv;
};

void list_heads(const Config& config, LayerHeads& to) {
  for (const json::Member layer : config["per_layer_config"]) {
    int64_t i = -1;
    std::from_chars(layer.key.data(), layer.key.data() + layer.key.size(), i);
    if (i < 0 || i >= std::ssize(to.dim)) config.fail("per_layer_config", "expected numbers of layers, found \"" + shown(layer.key) + "\"");
    const Config one(config.name() + ": per_layer_config", layer.value);
    for (const json::Member m : layer.value)
      if (m.key != "head_dim" && m.key != "num_key_value_heads") one.unsupported(m.key, "is not read of a layer");
    int64_t &dim = to.dim[static_cast<size_t>(i)], &kv = to.kv[static_cast<size_t>(i)];
    dim = one.integer("head_dim", 2, most_dim, dim), kv = one.integer("num_key_value_heads", 1, most_dim, kv);
  }
}

LayerHeads heads_of(const Config& config, const Description& to, const std::vector<bool>& slides, bool keys_are_values) {
  const auto layers = static_cast<size_t>(to.layers);
  const int64_t dim = config.integer("head_dim", 2, most_dim, 256), kv = config.integer("num_key_value_heads", 1, most_dim, 4);
  LayerHeads of{std::vector(layers, dim), std::vector(layers, kv)};
  if (config.has("per_layer_config")) {
    list_heads(config, of);
  } else {
    const int64_t far_dim = config.integer("global_head_dim", 2, most_dim, 512);
    const int64_t far_kv = keys_are_values ? config.integer("num_global_key_value_heads", 1, most_dim, kv) : kv;
    for (size_t i = 0; i < layers; i++)
      if (!slides[i]) of.dim[i] = far_dim, of.kv[i] = far_kv;
  }
  // GGUF has one size for all layers of a kind.
  for (size_t i = 0; i < layers; i++)
    for (size_t j = 0; j < i; j++)
      if (slides[i] == slides[j] && of.dim[i] != of.dim[j])
        config.unsupported("per_layer_config", "expected heads of one size a kind of layer");
  return of;
}

void describe_heads_by_layer(const Config& config, Description& to, const std::vector<bool>& slides) {
  const bool keys_are_values = config.boolean("attention_k_eq_v", false);
  const LayerHeads of = heads_of(config, to, slides, keys_are_values);
  std::vector<int64_t> query, key_value, value;
  for (size_t i = 0; i < slides.size(); i++) {
    if (to.heads % of.kv[i]) config.fail("num_key_value_heads", "expected divisors of num_attention_heads");
    query.push_back(to.heads * of.dim[i]), key_value.push_back(of.kv[i] * of.dim[i]);
    value.push_back(keys_are_values && !slides[i] ? 0 : key_value.back());
  }
  to.sizes("query", query, "num_attention_heads x head_dim");
  to.sizes("key_value", key_value, "num_key_value_heads x head_dim");
  to.sizes("value", value, "num_key_value_heads x head_dim, 0 in full layers with attention_k_eq_v,");
  to.sizes("head", of.dim, "head_dim");
  const bool alike = std::all_of(of.kv.begin(), of.kv.end(), [&](int64_t n) { return n == of.kv[0]; });
  put_by_layer("attention.head_count_kv", alike ? std::vector{of.kv[0]} : of.kv, to);
}

// Of full layers a share of the pairs turns, as if all did; GGUF says so by divisors.
void describe_rotation(const Config& config, Description& to, int64_t far_dim, int64_t near_dim) {
  constexpr float never = 1e30f;
  const char *of_far = "rope_parameters: full_attention", *of_near = "rope_parameters: sliding_attention";
  const json::Value both = config["rope_parameters"];
  const Config far(config.name() + ": " + of_far, both["full_attention"]), near(config.name() + ": " + of_near, both["sliding_attention"]);
  far.expect_text("rope_type", "proportional");
  near.expect_text("rope_type", "default");
  far.expect_number("factor", 1);
  near.expect_number("partial_rotary_factor", 1);
  const auto turning = static_cast<int64_t>(static_cast<double>(far_dim) * far.number("partial_rotary_factor", 0, 1, both ? 1 : 0.25)) / 2;
  Computed divisors{"rope_freqs.weight", std::vector(static_cast<size_t>(far_dim / 2), never)};
  std::fill_n(divisors.values.begin(), turning, 1.0f);
  to.tensors.push_back(std::move(divisors));
  to.number("rope.freq_base", far.number("rope_theta", 1.001, 1e12, 1e6));
  to.number("rope.freq_base_swa", near.number("rope_theta", 1.001, 1e12, 1e4));
  to.integer("rope.dimension_count", far_dim);
  to.integer("rope.dimension_count_swa", near_dim);
  for (const char* part : {"key", "value"}) {
    to.integer("attention." + std::string(part) + "_length", far_dim);
    to.integer("attention." + std::string(part) + "_length_swa", near_dim);
  }
}

// Layers without keys of their own may have a feed-forward of twice the width.
std::vector<int64_t> feed_forwards(const Config& config) {
  const int64_t layers = config.integer("num_hidden_layers", 1, 4096), columns = config.integer("intermediate_size", 1, 1 << 20);
  if (!config.boolean("use_double_wide_mlp", false)) return {columns};
  std::vector<int64_t> all(static_cast<size_t>(layers), columns);
  const int64_t shared = config.integer("num_kv_shared_layers", 0, layers - 1, 0);
  std::fill_n(all.rbegin(), shared, 2 * columns);
  return all;
}

void describe_experts(const Config& config, Description& to) {
  const bool used = config.boolean("enable_moe_block", false);
  to.kinds = "enable_moe_block";
  if (!used) return;
  const int64_t experts = config.integer("num_experts", 1, 1 << 16), columns = config.integer("moe_intermediate_size", 1, 1 << 20);
  to.sparse.assign(static_cast<size_t>(to.layers), true);
  to.size("experts", experts, "num_experts");
  to.size("expert_feed_forward", columns, "moe_intermediate_size");
  to.size("gate_up", 2 * columns, "2 x moe_intermediate_size");
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("top_k_experts", 1, experts));
  to.integer("expert_feed_forward_length", columns);
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to, {.columns = feed_forwards(config)});
  describe_epsilon(config, to);
  const std::vector<bool> slides = gemma_windows(config, to, 6);
  const auto near = std::find(slides.begin(), slides.end(), true), far = std::find(slides.begin(), slides.end(), false);
  if (near == slides.end() || far == slides.end()) config.unsupported("layer_types", "expected layers of both kinds");
  describe_gemma_layers(config, to, slides, 0);
  describe_heads_by_layer(config, to, slides);
  describe_rotation(config, to, to.of("head", far - slides.begin()), to.of("head", near - slides.begin()));
  describe_experts(config, to);
  describe_layer_inputs(config, to);
  if (config.has("final_logit_softcapping")) to.number("final_logit_softcapping", config.number("final_logit_softcapping", 0));
  if (config.string("use_bidirectional_attention", "vision") != "vision")
    config.unsupported("use_bidirectional_attention", "text is read from its beginning on");
}

Rules expert_parts() {
  return {
      {"model.layers.{}.router.proj.weight", "blk.{}.ffn_gate_inp.weight", sparse, {"experts", "width"}, Change::exact},
      {"model.layers.{}.router.scale", "blk.{}.ffn_gate_inp.scale", sparse, {"width"}},
      {"model.layers.{}.router.per_expert_scale", "blk.{}.ffn_down_exps.scale", sparse, {"experts"}},
      {"model.layers.{}.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight", sparse, {"experts", "gate_up", "width"}},
      {"model.layers.{}.experts.down_proj", "blk.{}.ffn_down_exps.weight", sparse, {"experts", "width", "expert_feed_forward"}},
      {"model.layers.{}.pre_feedforward_layernorm_2.weight", "blk.{}.pre_ffw_norm_2.weight", sparse, {"width"}},
      {"model.layers.{}.post_feedforward_layernorm_1.weight", "blk.{}.post_ffw_norm_1.weight", sparse, {"width"}},
      {"model.layers.{}.post_feedforward_layernorm_2.weight", "blk.{}.post_ffw_norm_2.weight", sparse, {"width"}},
  };
}

const Architecture gemma4{
    .name = "gemma4",
    .classes = {"Gemma4ForCausalLM", "Gemma4ForConditionalGeneration"},
    .describe = describe,
    .tensors = joined({
        gemma_rules(),
        layer_input_rules(),
        expert_parts(),
        {{"model.layers.{}.layer_scalar", "blk.{}.layer_output_scale.weight", everywhere, {"one"}}},
    }),
    .tied = true,
    .inner = "text_config",
    .renamed = {{"model.language_model.", "model."}},
    .passed_over = {"model.vision_tower.", "model.audio_tower.", "model.embed_vision.", "model.embed_audio."},
};
const RegisterArchitecture registered(gemma4);

}  // namespace
}  // namespace lt::convert
