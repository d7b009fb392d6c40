// gpt-oss: experts in BF16, or in MXFP4 as published.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// Its correction range is not rounded; GGUF files do not say so.
void describe_unrounded_yarn(const Config& rope, Description& to) {
  if (rope.boolean("truncate", true)) rope.unsupported("truncate", "gpt-oss is run with false alone");
  describe_yarn_range(rope, to);
  describe_yarn_magnitude(rope, to);
}

void check_windows(const Config& config, const Description& to) {
  const std::vector<bool> slides = config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
  for (size_t i = 0; i < slides.size(); i++)
    if (slides[i] != (i % 2 == 0)) config.unsupported("layer_types", "expected every other layer with a window, the first one too");
}

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.yarn = describe_unrounded_yarn});
  const int64_t experts = config.integer("num_local_experts", 1, 1 << 16), feed_forward = to.of("feed_forward");
  to.sparse.assign(static_cast<size_t>(to.layers), true);
  to.size("experts", experts, "num_local_experts");
  to.size("gate_up", 2 * feed_forward, "2 x intermediate_size");
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts));
  to.integer("expert_feed_forward_length", feed_forward);
  config.expect_number("swiglu_alpha", 1.702);
  config.expect_number("swiglu_limit", 7);
  check_windows(config, to);
}

// Of gate and up, whose values take turns: `first` is 0 or 1. Matrices of each expert, or one.
std::vector<int64_t> every_other(int64_t count, int64_t first) {
  std::vector<int64_t> from;
  for (int64_t i = first; i < count; i += 2) from.push_back(i);
  return from;
}
std::vector<int64_t> gates(const Description& d) { return every_other(d.of("gate_up"), 0); }
std::vector<int64_t> ups(const Description& d) { return every_other(d.of("gate_up"), 1); }
std::vector<int64_t> all_gates(const Description& d) { return every_other(d.of("experts") * d.of("gate_up"), 0); }
std::vector<int64_t> all_ups(const Description& d) { return every_other(d.of("experts") * d.of("gate_up"), 1); }

constexpr Shape wide = {"experts", "feed_forward", "width"}, narrow = {"experts", "width", "feed_forward"};

// In BF16 rows and columns are exchanged, in MXFP4 they are not.
Rules expert_weights() {
  constexpr std::string_view gate_up = "model.layers.{}.mlp.experts.gate_up_proj", down = "model.layers.{}.mlp.experts.down_proj";
  constexpr std::string_view gate_up_blocks = "model.layers.{}.mlp.experts.gate_up_proj_blocks";
  constexpr std::string_view gate_exps = "blk.{}.ffn_gate_exps.weight", up_exps = "blk.{}.ffn_up_exps.weight";
  constexpr Shape turned = {"experts", "width", "gate_up"}, straight = {"experts", "gate_up", "width"};
  return {
      {gate_up, gate_exps, everywhere, turned, Change::none, {.columns = gates, .turned = true, .becomes = wide}},
      {gate_up, up_exps, everywhere, turned, Change::none, {.columns = ups, .turned = true, .becomes = wide}},
      {down, "blk.{}.ffn_down_exps.weight", everywhere, wide, Change::none, {.turned = true, .becomes = narrow}},
      {gate_up_blocks, gate_exps, everywhere, straight, Change::none, {.rows = all_gates, .becomes = wide}},
      {gate_up_blocks, up_exps, everywhere, straight, Change::none, {.rows = all_ups, .becomes = wide}},
      {"model.layers.{}.mlp.experts.down_proj_blocks", "blk.{}.ffn_down_exps.weight", everywhere, narrow},
  };
}

Rules expert_biases() {
  constexpr std::string_view gate_up = "model.layers.{}.mlp.experts.gate_up_proj_bias";
  return {
      {gate_up, "blk.{}.ffn_gate_exps.bias", everywhere, {"experts", "gate_up"}, Change::exact, {.columns = gates}},
      {gate_up, "blk.{}.ffn_up_exps.bias", everywhere, {"experts", "gate_up"}, Change::exact, {.columns = ups}},
      {"model.layers.{}.mlp.experts.down_proj_bias", "blk.{}.ffn_down_exps.bias", everywhere, {"experts", "width"}, Change::exact},
  };
}

const Architecture gpt_oss{
    .name = "gpt-oss",
    .classes = {"GptOssForCausalLM"},
    .describe = describe,
    .tensors = joined({
        outer_rules(),
        norm_rules("blk.{}.post_attention_norm.weight"),
        attention_rules({.biases = everywhere}),
        {{"model.layers.{}.self_attn.sinks", "blk.{}.attn_sinks.weight", everywhere, {"heads"}},
         {"model.layers.{}.mlp.router.weight", "blk.{}.ffn_gate_inp.weight", everywhere, {"experts", "width"}, Change::exact},
         {"model.layers.{}.mlp.router.bias", "blk.{}.ffn_gate_inp.bias", everywhere, {"experts"}}},
        expert_weights(),
        expert_biases(),
    }),
};
const RegisterArchitecture registered(gpt_oss);

}  // namespace
}  // namespace lt::convert
