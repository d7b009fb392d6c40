// PLaMo 2: Mamba with heads, and attention in every so many layers, with a window that files of other programs do not say.
#include <algorithm>

#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr int64_t most_columns = 1 << 20, most_heads = 1 << 14;

std::vector<bool> attending_layers(const Config& config, int64_t layers) {
  config.expect_flag("mamba_enabled", true);
  const int64_t step = config.integer("mamba_step", 2, 4096, 2);
  std::vector<bool> attending;
  for (int64_t i = 0; i < layers; i++) attending.push_back(layers <= step / 2 ? i == layers - 1 : i % step == step / 2);
  return attending;
}

void describe_attention(const Config& config, Description& to, const std::vector<bool>& attending) {
  to.heads = config.integer("num_attention_heads", 1, most_heads), to.kv_heads = config.integer("num_key_value_heads", 1, to.heads);
  if (to.heads % to.kv_heads)
    config.fail("num_key_value_heads", "expected a divisor of " + std::to_string(to.heads) + ", found " + std::to_string(to.kv_heads));
  to.head_dim = config.integer("hidden_size_per_head", 2, 1 << 14, 128);
  if (to.head_dim % 2) config.fail("hidden_size_per_head", "expected an even number, found " + std::to_string(to.head_dim));
  to.size("heads", to.heads, "num_attention_heads");
  to.size("kv_heads", to.kv_heads, "num_key_value_heads");
  to.size("head", to.head_dim, "hidden_size_per_head");
  to.size("query", to.heads * to.head_dim, "num_attention_heads x hidden_size_per_head");
  to.size("qkv", (to.heads + 2 * to.kv_heads) * to.head_dim, "(num_attention_heads + 2 x num_key_value_heads) x hidden_size_per_head");
  std::vector<int32_t> heads, kv_heads;
  for (const bool attends : attending) {
    heads.push_back(attends ? static_cast<int32_t>(to.heads) : 0);
    kv_heads.push_back(attends ? static_cast<int32_t>(to.kv_heads) : 0);
  }
  to.put("attention.head_count", std::span<const int32_t>(heads));
  to.put("attention.head_count_kv", std::span<const int32_t>(kv_heads));
  to.integer("attention.key_length", to.head_dim);
  to.integer("attention.value_length", to.head_dim);
  to.number("rope.freq_base", 10000);  // the model's code has no other
  to.integer("attention.sliding_window", config.integer("attention_window_size", 1, 1 << 30, 2048));
  std::vector<bool> windows(attending.size(), true);
  for (const json::Member m : config["full_attention_idx"]) {
    const auto i = m.value.integer();
    if (!i || *i < 0 || *i >= to.layers) config.fail("full_attention_idx", "expected numbers of layers");
    windows[static_cast<size_t>(*i)] = false;
  }
  if (config["full_attention_idx"].size() > 0) to.flags("attention.sliding_window_pattern", windows);
}

void describe_states(const Config& config, Description& to) {
  const int64_t heads = config.integer("mamba_num_heads", 1, most_heads, 64), inner = heads * to.head_dim;
  const int64_t state = config.integer("mamba_d_state", 1, most_columns, 64), kernel = config.integer("mamba_d_conv", 2, 64, 4);
  const int64_t rank = std::max<int64_t>(64, to.of("width") / 16);
  to.size("state_heads", heads, "mamba_num_heads");
  to.size("inner", inner, "mamba_num_heads x hidden_size_per_head");
  to.size("projected", 2 * inner, "2 x mamba_num_heads x hidden_size_per_head");
  to.size("state", state, "mamba_d_state");
  to.size("kernel", kernel, "mamba_d_conv");
  to.size("rank", rank, "a sixteenth of hidden_size, at least 64");
  to.size("rates", rank + 2 * state, "a sixteenth of hidden_size, at least 64, + 2 x mamba_d_state");
  to.integer("ssm.state_size", state);
  to.integer("ssm.conv_kernel", kernel);
  to.integer("ssm.time_step_rank", heads);
  to.integer("ssm.inner_size", inner);
  to.integer("ssm.group_count", 0);
}

void describe(const Config& config, Description& to) {
  describe_stack(config, to);
  to.kinds = "mamba_step";
  const std::vector<bool> attending = attending_layers(config, to.layers);
  for (const bool attends : attending) to.recurrent.push_back(!attends);
  describe_attention(config, to, attending);
  describe_states(config, to);
  describe_context(config, to, "max_position_embeddings", 2048);
  describe_feed_forward(to, config.integer("intermediate_size", 1, most_columns));
  to.size("gate_up", 2 * to.of("feed_forward"), "2 x intermediate_size");
  describe_epsilon(config, to);
  to.integer("vocab_size", to.of("vocabulary"));
}

Rules mixers() {
  const Layout flat{.becomes = {"inner", "kernel"}};
  return {
      {"model.layers.layers.{}.mixer.qkv_proj.weight", "blk.{}.attn_qkv.weight", attends, {"qkv", "width"}},
      {"model.layers.layers.{}.mixer.o_proj.weight", "blk.{}.attn_output.weight", attends, {"width", "query"}},
      {"model.layers.layers.{}.mixer.q_weight", "blk.{}.attn_q_norm.weight", attends, {"heads", "head"}, Change::exact},
      {"model.layers.layers.{}.mixer.k_weight", "blk.{}.attn_k_norm.weight", attends, {"kv_heads", "head"}, Change::exact},
      {"model.layers.layers.{}.mixer.in_proj.weight", "blk.{}.ssm_in.weight", recurs, {"projected", "width"}},
      {"model.layers.layers.{}.mixer.conv1d.weight", "blk.{}.ssm_conv1d.weight", recurs, {"inner", "one", "kernel"}, Change::exact, flat},
      {"model.layers.layers.{}.mixer.bcdt_proj.weight", "blk.{}.ssm_x.weight", recurs, {"rates", "inner"}},
      {"model.layers.layers.{}.mixer.dt_proj.weight", "blk.{}.ssm_dt.weight", recurs, {"state_heads", "rank"}},
      {"model.layers.layers.{}.mixer.dt_bias", "blk.{}.ssm_dt.bias", recurs, {"state_heads"}},
      {"model.layers.layers.{}.mixer.A_log", "blk.{}.ssm_a", recurs, {"state_heads"}, Change::decay},
      {"model.layers.layers.{}.mixer.D", "blk.{}.ssm_d", recurs, {"state_heads"}},
      {"model.layers.layers.{}.mixer.dt_norm_weight", "blk.{}.ssm_dt_norm", recurs, {"rank"}},
      {"model.layers.layers.{}.mixer.B_norm_weight", "blk.{}.ssm_b_norm", recurs, {"state"}},
      {"model.layers.layers.{}.mixer.C_norm_weight", "blk.{}.ssm_c_norm", recurs, {"state"}},
      {"model.layers.layers.{}.mixer.out_proj.weight", "blk.{}.ssm_out.weight", recurs, {"width", "inner"}},
  };
}

const Architecture plamo2{
    .name = "plamo2",
    .classes = {"Plamo2ForCausalLM", "PLaMo2ForCausalLM"},
    .describe = describe,
    .tensors = joined({
        {{"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
         {"model.norm.weight", "output_norm.weight", everywhere, {"width"}, Change::plus_one},
         {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
         {"model.layers.layers.{}.pre_mixer_norm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}, Change::plus_one},
         {"model.layers.layers.{}.post_mixer_norm.weight", "blk.{}.post_attention_norm", everywhere, {"width"}, Change::plus_fifth},
         {"model.layers.layers.{}.pre_mlp_norm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}, Change::plus_one},
         {"model.layers.layers.{}.post_mlp_norm.weight", "blk.{}.post_ffw_norm", everywhere, {"width"}, Change::plus_fifth_power},
         {"model.layers.layers.{}.mlp.gate_up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}},
         {"model.layers.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}},
        mixers(),
    }),
    .tied = true,
};
const RegisterArchitecture registered(plamo2);

}  // namespace
}  // namespace lt::convert
