#include "convert/gemma.h"

namespace lt::convert {

std::vector<bool> gemma_windows(const Config& config, const Description& to, int64_t period) {
  std::vector<bool> slides = config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
  for (int64_t i = 0; std::ssize(slides) < to.layers; i++) slides.push_back((i + 1) % period != 0);
  return slides;
}

void describe_gemma_layers(const Config& config, Description& to, const std::vector<bool>& slides, int64_t shared) {
  to.integer("attention.shared_kv_layers", config.integer("num_kv_shared_layers", 0, to.layers - 1, shared));
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30, 512));
  to.flags("attention.sliding_window_pattern", slides);
  config.expect_text("hidden_activation", "gelu_pytorch_tanh");
  config.expect_flag("attention_bias", false);
}

void describe_layer_inputs(const Config& config, Description& to) {
  const int64_t columns = config.integer("hidden_size_per_layer_input", 0, 1 << 14, 256);
  const int64_t rows = config.integer("vocab_size_per_layer_input", 1, 1 << 24, to.of("vocabulary"));
  if (rows > to.of("vocabulary")) config.fail("vocab_size_per_layer_input", "expected at most vocab_size");
  to.integer("embedding_length_per_layer_input", columns);
  to.size("input", columns, "hidden_size_per_layer_input");
  to.size("inputs", to.layers * columns, "num_hidden_layers x hidden_size_per_layer_input");
  to.size("input_vocabulary", rows, "vocab_size_per_layer_input");
}

// Layers without keys of their own may have the weights all the same, of no use.
Rules gemma_rules() {
  return joined({
      outer_rules(),
      norm_rules("blk.{}.post_attention_norm.weight"),
      {{"model.layers.{}.pre_feedforward_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
       {"model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight", everywhere, {"width"}},
       {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", everywhere, {"query", "width"}},
       {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", nullptr, {"key_value", "width"}},
       {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", nullptr, {"value", "width"}},
       {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
       {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", everywhere, {"head"}},
       {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", nullptr, {"head"}}},
      {{"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}},
       {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
       {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}},
  });
}

namespace {

bool has_inputs(const Description& d, int64_t) { return d.of("inputs") > 0; }

// Tokens that the table does not know have zeros.
std::vector<int64_t> known_tokens(const Description& d) {
  std::vector<int64_t> from;
  for (int64_t id = 0; id < d.of("vocabulary"); id++) from.push_back(id < d.of("input_vocabulary") ? id : -1);
  return from;
}

}  // namespace

Rules layer_input_rules() {
  return {
      {"model.embed_tokens_per_layer.weight",
       "per_layer_token_embd.weight",
       has_inputs,
       {"input_vocabulary", "inputs"},
       Change::none,
       {.rows = known_tokens}},
      {"model.per_layer_model_projection.weight", "per_layer_model_proj.weight", has_inputs, {"inputs", "width"}},
      {"model.per_layer_projection_norm.weight", "per_layer_proj_norm.weight", has_inputs, {"input"}},
      {"model.layers.{}.per_layer_input_gate.weight", "blk.{}.inp_gate.weight", has_inputs, {"input", "width"}},
      {"model.layers.{}.per_layer_projection.weight", "blk.{}.proj.weight", has_inputs, {"width", "input"}},
      {"model.layers.{}.post_per_layer_input_norm.weight", "blk.{}.post_norm.weight", has_inputs, {"width"}},
  };
}

}  // namespace lt::convert
