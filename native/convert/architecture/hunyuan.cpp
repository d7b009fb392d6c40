// Tencent Hunyuan: the dense models, and A13B with experts.
#include <cmath>

#include "convert/decoder.h"

namespace lt::convert {
namespace {

// Published models have a larger base, which follows from alpha, for so many tokens, whatever config.json says of either.
void describe_alpha(const Config& config, Description& to) {
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  const Config rope{config.name() + ": " + key, config[key]};
  if (!rope.has("alpha")) {
    if (rope.string("rope_type", rope.string("type", "default")) == "dynamic") rope.fail("alpha", "expected a number above 0");
    return;
  }
  constexpr int64_t context = 262144;
  const double base = rope.number("rope_theta", config.number("rope_theta", 10000)), dim = static_cast<double>(to.head_dim);
  to.number("rope.freq_base", base * std::pow(rope.number("alpha", 1e-3, 1e6, 1), dim / (dim - 2)));
  to.put("rope.scaling.type", "none");
  to.number("rope.scaling.factor", 1);
  to.integer("rope.scaling.original_context_length", context);
  to.integer("context_length", context);
}

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.dynamic = true});
  describe_alpha(config, to);
}

// A number, or one for each layer, all the same.
int64_t in_all_layers(const Config& config, const char* key, int64_t most) {
  if (!config[key].is(json::Kind::array)) return config.integer(key, 1, most);
  int64_t first = 0;
  for (const json::Member m : config[key]) {
    const int64_t value = m.value.integer().value_or(0);
    if (value < 1 || value > most || (first > 0 && value != first)) config.unsupported(key, "expected the same number for all layers");
    first = value;
  }
  if (first == 0) config.fail(key, "expected numbers of layers, found none");
  return first;
}

void describe_sparse(const Config& config, Description& to) {
  describe(config, to);
  const int64_t experts = config.integer("num_experts", 1, 1 << 16), columns = in_all_layers(config, "moe_intermediate_size", 1 << 20);
  to.sparse.assign(static_cast<size_t>(to.layers), true);
  to.size("experts", experts, "num_experts");
  to.size("expert_feed_forward", columns, "moe_intermediate_size");
  describe_shared_expert(to, to.of("feed_forward"), "intermediate_size");
  to.integer("expert_count", experts);
  to.integer("expert_used_count", in_all_layers(config, "moe_topk", experts));
  to.integer("expert_feed_forward_length", columns);
  to.integer("expert_shared_feed_forward_length", to.of("feed_forward"));
  to.integer("expert_shared_count", in_all_layers(config, "num_shared_expert", 1));
  config.expect_flag("use_cla", false);
  config.expect_flag("use_qk_norm", true);
}

Rules norms_behind_rotation() {
  return {
      {"model.layers.{}.self_attn.query_layernorm.weight", "blk.{}.attn_q_norm.weight", everywhere, {"head"}},
      {"model.layers.{}.self_attn.key_layernorm.weight", "blk.{}.attn_k_norm.weight", everywhere, {"head"}},
  };
}

const Architecture hunyuan_dense{
    .name = "hunyuan-dense",
    .classes = {"HunYuanDenseV1ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, norms_behind_rotation()),
};
const Architecture hunyuan_moe{
    .name = "hunyuan-moe",
    .classes = {"HunYuanMoEV1ForCausalLM"},
    .describe = describe_sparse,
    .tensors = decoder_rules(
        {}, joined({norms_behind_rotation(), expert_rules(), router_rules("model.layers.{}.mlp.gate.wg.weight"),
                    shared_expert_rules("model.layers.{}.mlp.shared_mlp.gate_proj.weight", "model.layers.{}.mlp.shared_mlp.up_proj.weight",
                                        "model.layers.{}.mlp.shared_mlp.down_proj.weight")})),
};
const RegisterArchitecture registered(hunyuan_dense), registered_sparse(hunyuan_moe);

}  // namespace
}  // namespace lt::convert
