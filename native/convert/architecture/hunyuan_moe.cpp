// Hunyuan-A13B.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

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

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
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

const Architecture hunyuan_moe{
    .name = "hunyuan-moe",
    .classes = {"HunYuanMoEV1ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules(
        {}, joined({expert_rules(),
                    router_rules("model.layers.{}.mlp.gate.wg.weight"),
                    shared_expert_rules("model.layers.{}.mlp.shared_mlp.gate_proj.weight", "model.layers.{}.mlp.shared_mlp.up_proj.weight",
                                        "model.layers.{}.mlp.shared_mlp.down_proj.weight"),
                    {{"model.layers.{}.self_attn.query_layernorm.weight", "blk.{}.attn_q_norm.weight", everywhere, {"head"}},
                     {"model.layers.{}.self_attn.key_layernorm.weight", "blk.{}.attn_k_norm.weight", everywhere, {"head"}}}})),
};
const RegisterArchitecture registered(hunyuan_moe);

}  // namespace
}  // namespace lt::convert
