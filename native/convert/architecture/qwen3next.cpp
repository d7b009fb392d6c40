// Qwen3-Next.
#include "convert/delta.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_delta(config, to);
  describe_experts(config, to, {.count = "num_experts"});
  describe_gated_shared_expert(config, to);
  expect_experts_everywhere(config);
  config.expect_flag("norm_topk_prob", true);
  const int64_t key_heads = to.of("key_heads");
  to.size("qkvz", 2 * key_heads * to.of("key_head") + 2 * to.of("values"),
          "2 x linear_num_key_heads x linear_key_head_dim + 2 x linear_num_value_heads x linear_value_head_dim");
  to.size("beta_and_alpha", 2 * to.of("value_heads"), "2 x linear_num_value_heads");
}

// in_proj_qkvz has, one key head after the other, its query, its key, and the values and gates of the heads that it serves.
void add_part(std::vector<int64_t>& from, const Description& d, int64_t first, int64_t count) {
  const int64_t heads = d.of("key_heads"), each = d.of("qkvz") / heads;
  for (int64_t head = 0; head < heads; head++)
    for (int64_t i = 0; i < count; i++) from.push_back(head * each + first + i);
}

int64_t values_of_key_head(const Description& d) { return d.of("values") / d.of("key_heads"); }

std::vector<int64_t> qkv_rows(const Description& d) {
  const int64_t key = d.of("key_head");
  std::vector<int64_t> from;
  add_part(from, d, 0, key);
  add_part(from, d, key, key);
  add_part(from, d, 2 * key, values_of_key_head(d));
  return from;
}

std::vector<int64_t> gate_rows(const Description& d) {
  std::vector<int64_t> from;
  add_part(from, d, 2 * d.of("key_head") + values_of_key_head(d), values_of_key_head(d));
  return from;
}

Rules inputs() {
  constexpr std::string_view qkvz = "model.layers.{}.linear_attn.in_proj_qkvz.weight";
  return {
      {qkvz, "blk.{}.attn_qkv.weight", recurs, {"qkvz", "width"}, Change::none, {.rows = qkv_rows}},
      {qkvz, "blk.{}.attn_gate.weight", recurs, {"qkvz", "width"}, Change::none, {.rows = gate_rows}},
      {"model.layers.{}.linear_attn.in_proj_ba.weight", "blk.{}.ssm_ba.weight", recurs, {"beta_and_alpha", "width"}},
  };
}

const Architecture qwen3next{
    .name = "qwen3next",
    .classes = {"Qwen3NextForCausalLM"},
    .describe = describe,
    .tensors =
        joined({delta_rules(), inputs(), expert_rules(), router_rules("model.layers.{}.mlp.gate.weight"), gated_shared_expert_rules()}),
    .passed_over = {"mtp."},  // guesses further tokens
};
const RegisterArchitecture registered(qwen3next);

}  // namespace
}  // namespace lt::convert
