// RWKV 7, as flash-linear-attention has it.
#include <algorithm>
#include <cmath>

#include "convert/state_space.h"

namespace lt::convert {
namespace {

// The columns of a pair of small matrices, where config.json leaves them to be a share of the width.
int64_t rank_of(const Config& config, const char* key, double width, double power, double by) {
  const double usual = std::max(1.0, std::nearbyint(std::pow(width, power) * by / 32)) * 32;
  return config.integer(key, 1, 1 << 20, static_cast<int64_t>(usual));
}

void describe(const Config& config, Description& to) {
  describe_stack(config, to);
  const int64_t width = to.of("width"), head = config.integer("head_dim", 1, 1 << 14, 64);
  if (width % head) config.fail("head_dim", "expected a divisor of " + std::to_string(width) + ", found " + std::to_string(head));
  for (const char* key : {"value_dim", "attn"})
    if (config.has(key)) config.unsupported(key, "expected none: layers of RWKV alone, whose values are as wide as the rows");
  config.expect_flag("norm_first", true);
  config.expect_flag("norm_bias", true);
  config.expect_text("hidden_act", "sqrelu");
  to.size("heads", width / head, "hidden_size / head_dim");
  to.size("head", head, "head_dim");
  to.size("shares", 6, "architectures");
  const auto columns = static_cast<double>(width);
  const std::tuple<const char*, const char*, const char*, double, double> ranks[] = {
      {"decay", "decay_low_rank_dim", "attention.decay_lora_rank", 0.5, 1.8},
      {"rate", "a_low_rank_dim", "attention.iclr_lora_rank", 0.5, 1.8},
      {"residual", "v_low_rank_dim", "attention.value_residual_mix_lora_rank", 0.5, 1.3},
      {"gate", "gate_low_rank_dim", "attention.gate_lora_rank", 0.8, 0.6}};
  for (const auto& [name, setting, key, power, by] : ranks) {
    to.size(name, rank_of(config, setting, columns, power, by), setting);
    to.integer(key, to.of(name));
  }
  describe_feed_forward(to, config.integer("intermediate_size", 1, 1 << 20, 4 * width));
  to.integer("context_length", unbounded);
  to.integer("attention.head_count", 0);
  to.number("attention.layer_norm_epsilon", config.number("norm_eps", 0, 1, 1e-5));
  to.integer("wkv.head_size", head);
}

Rules norm(std::string_view from, std::string_view to, std::string_view from_bias, std::string_view to_bias) {
  return {{from, to, everywhere, {"width"}}, {from_bias, to_bias, everywhere, {"width"}}};
}

// Of the first layer, which has no such values to mix in, llama.cpp expects them: it gets what is as large.
Rule filler(std::string_view from, std::string_view to, Shape shape) {
  Rule rule{from, to, nullptr, shape};
  rule.first = true;
  return rule;
}

Rules norms() {
  return joined({
      norm("model.layers.0.pre_norm.weight", "token_embd_norm.weight", "model.layers.0.pre_norm.bias", "token_embd_norm.bias"),
      norm("model.norm.weight", "output_norm.weight", "model.norm.bias", "output_norm.bias"),
      norm("model.layers.{}.attn_norm.weight", "blk.{}.attn_norm.weight", "model.layers.{}.attn_norm.bias", "blk.{}.attn_norm.bias"),
      norm("model.layers.{}.ffn_norm.weight", "blk.{}.attn_norm_2.weight", "model.layers.{}.ffn_norm.bias", "blk.{}.attn_norm_2.bias"),
      norm("model.layers.{}.attn.g_norm.weight", "blk.{}.time_mix_ln.weight", "model.layers.{}.attn.g_norm.bias",
           "blk.{}.time_mix_ln.bias"),
  });
}

Rules small_matrices() {
  return {
      {"model.layers.{}.attn.w_lora.lora.0.weight", "blk.{}.time_mix_w1.weight", everywhere, {"decay", "width"}, Change::exact},
      {"model.layers.{}.attn.w_lora.lora.2.weight", "blk.{}.time_mix_w2.weight", everywhere, {"width", "decay"}, Change::exact},
      {"model.layers.{}.attn.w_lora.lora.2.bias", "blk.{}.time_mix_w0.weight", everywhere, {"width"}},
      {"model.layers.{}.attn.a_lora.lora.0.weight", "blk.{}.time_mix_a1.weight", everywhere, {"rate", "width"}},
      {"model.layers.{}.attn.a_lora.lora.2.weight", "blk.{}.time_mix_a2.weight", everywhere, {"width", "rate"}},
      {"model.layers.{}.attn.a_lora.lora.2.bias", "blk.{}.time_mix_a0.weight", everywhere, {"width"}},
      filler("model.layers.{}.attn.a_lora.lora.0.weight", "blk.{}.time_mix_v1.weight", {"rate", "width"}),
      filler("model.layers.{}.attn.a_lora.lora.2.weight", "blk.{}.time_mix_v2.weight", {"width", "rate"}),
      filler("model.layers.{}.attn.a_lora.lora.2.bias", "blk.{}.time_mix_v0.weight", {"width"}),
      {"model.layers.{}.attn.v_lora.lora.0.weight", "blk.{}.time_mix_v1.weight", everywhere, {"residual", "width"}},
      {"model.layers.{}.attn.v_lora.lora.2.weight", "blk.{}.time_mix_v2.weight", everywhere, {"width", "residual"}},
      {"model.layers.{}.attn.v_lora.lora.2.bias", "blk.{}.time_mix_v0.weight", everywhere, {"width"}},
      {"model.layers.{}.attn.g_lora.lora.0.weight", "blk.{}.time_mix_g1.weight", everywhere, {"gate", "width"}},
      {"model.layers.{}.attn.g_lora.lora.2.weight", "blk.{}.time_mix_g2.weight", everywhere, {"width", "gate"}},
  };
}

Rules mixes() {
  Rule shares{"model.layers.{}.attn.x_{}", "blk.{}.time_mix_lerp_fused.weight", everywhere, {"one", "one", "width"}, Change::exact};
  shares.stacked = "shares";
  return {
      shares,
      {"model.layers.{}.attn.r_proj.weight", "blk.{}.time_mix_receptance.weight", everywhere, {"width", "width"}},
      {"model.layers.{}.attn.k_proj.weight", "blk.{}.time_mix_key.weight", everywhere, {"width", "width"}},
      {"model.layers.{}.attn.v_proj.weight", "blk.{}.time_mix_value.weight", everywhere, {"width", "width"}},
      {"model.layers.{}.attn.o_proj.weight", "blk.{}.time_mix_output.weight", everywhere, {"width", "width"}},
      {"model.layers.{}.attn.k_k", "blk.{}.time_mix_k_k.weight", everywhere, {"width"}},
      {"model.layers.{}.attn.k_a", "blk.{}.time_mix_k_a.weight", everywhere, {"width"}},
      {"model.layers.{}.attn.r_k", "blk.{}.time_mix_r_k.weight", everywhere, {"heads", "head"}, Change::none, {.becomes = {"width"}}},
      {"model.layers.{}.ffn.x_k", "blk.{}.channel_mix_lerp_k.weight", everywhere, {"width"}},
      {"model.layers.{}.ffn.key.weight", "blk.{}.channel_mix_key.weight", everywhere, {"feed_forward", "width"}},
      {"model.layers.{}.ffn.value.weight", "blk.{}.channel_mix_value.weight", everywhere, {"width", "feed_forward"}},
  };
}

const Architecture rwkv7{
    .name = "rwkv7",
    .classes = {"RWKV7ForCausalLM", "Rwkv7ForCausalLM"},
    .describe = describe,
    .tensors = joined({
        {{"model.embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
         {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}}},
        norms(),
        mixes(),
        small_matrices(),
    }),
    .endings = {{".attn.x_r", ".attn.x_0"},
                {".attn.x_w", ".attn.x_1"},
                {".attn.x_k", ".attn.x_2"},
                {".attn.x_v", ".attn.x_3"},
                {".attn.x_a", ".attn.x_4"},
                {".attn.x_g", ".attn.x_5"}},
};
const RegisterArchitecture registered(rwkv7);

}  // namespace
}  // namespace lt::convert
