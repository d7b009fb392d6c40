#include "convert/delta.h"

namespace lt::convert {
namespace {

constexpr int64_t most_heads = 1 << 14, most = 1 << 16;

void describe_recurrent_layers(const Config& config, Description& to) {
  const int64_t interval = config.integer("full_attention_interval", 1, 4096, 4);
  to.kinds = "layer_types";
  to.recurrent = config.choices("layer_types", to.layers, "linear_attention", "full_attention");
  for (int64_t i = 0; to.recurrent.size() < static_cast<size_t>(to.layers); i++) to.recurrent.push_back((i + 1) % interval != 0);
  to.flags("attention.recurrent_layers", to.recurrent);
  to.integer("full_attention_interval", interval);
}

// A key head serves several heads of values, side by side in the folder.
void describe_state(const Config& config, Description& to) {
  const int64_t keys = config.integer("linear_num_key_heads", 1, most_heads), key = config.integer("linear_key_head_dim", 1, most);
  const int64_t values = config.integer("linear_num_value_heads", 1, most_heads), value = config.integer("linear_value_head_dim", 1, most);
  const int64_t kernel = config.integer("linear_conv_kernel_dim", 2, 64);
  if (values % keys)
    config.fail("linear_num_value_heads", "expected a multiple of the " + std::to_string(keys) + " of linear_num_key_heads");
  to.size("key_heads", keys, "linear_num_key_heads");
  to.size("key_head", key, "linear_key_head_dim");
  to.size("value_heads", values, "linear_num_value_heads");
  to.size("value_head", value, "linear_value_head_dim");
  to.size("values", values * value, "linear_num_value_heads x linear_value_head_dim");
  to.size("channels", 2 * keys * key + values * value,
          "2 x linear_num_key_heads x linear_key_head_dim + linear_num_value_heads x linear_value_head_dim");
  to.size("kernel", kernel, "linear_conv_kernel_dim");
  to.integer("ssm.conv_kernel", kernel);
  to.integer("ssm.state_size", key);
  to.integer("ssm.group_count", keys);
  to.integer("ssm.time_step_rank", values);
  to.integer("ssm.inner_size", values * value);
}

}  // namespace

void describe_delta(const Config& config, Description& to) {
  describe_decoder(config, to, {.partial = 0.25});
  to.size("query_and_gate", 2 * to.of("query"), "2 x num_attention_heads x head_dim");
  describe_recurrent_layers(config, to);
  describe_state(config, to);
  config.expect_flag("attn_output_gate", true);
  config.expect_flag("attention_bias", false);
}

Rules delta_rules(const DeltaOrders& of) {
  return joined({
      outer_rules(Change::plus_one),
      norm_rules("blk.{}.post_attention_norm.weight", Change::plus_one),
      attention_rules({.held = attends, .queries = "query_and_gate"}),
      head_norm_rules(Change::plus_one, attends),
      {{"model.layers.{}.linear_attn.A_log", "blk.{}.ssm_a", recurs, {"value_heads"}, Change::decay, {.columns = of.heads}},
       {"model.layers.{}.linear_attn.dt_bias", "blk.{}.ssm_dt.bias", recurs, {"value_heads"}, Change::none, {.columns = of.heads}},
       {"model.layers.{}.linear_attn.conv1d.weight",
        "blk.{}.ssm_conv1d.weight",
        recurs,
        {"channels", "one", "kernel"},
        Change::exact,
        {.rows = of.channels, .becomes = {"channels", "kernel"}}},
       {"model.layers.{}.linear_attn.norm.weight", "blk.{}.ssm_norm.weight", recurs, {"value_head"}},
       {"model.layers.{}.linear_attn.out_proj.weight",
        "blk.{}.ssm_out.weight",
        recurs,
        {"width", "values"},
        Change::none,
        {.columns = of.columns}}},
  });
}

}  // namespace lt::convert
