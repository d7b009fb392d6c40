// Tencent Hunyuan, dense.
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

const Architecture hunyuan_dense{
    .name = "hunyuan-dense",
    .classes = {"HunYuanDenseV1ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, {{"model.layers.{}.self_attn.query_layernorm.weight", "blk.{}.attn_q_norm.weight", everywhere, {"head"}},
                                  {"model.layers.{}.self_attn.key_layernorm.weight", "blk.{}.attn_k_norm.weight", everywhere, {"head"}}}),
};
const RegisterArchitecture registered(hunyuan_dense);

}  // namespace
}  // namespace lt::convert
