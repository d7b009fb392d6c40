// Phi-3, Phi-3.5, Phi-4, also mini.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr int64_t most = 1 << 30;

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.factors = true});
  to.size("qkv", to.of("query") + 2 * to.of("key_value"), "(num_attention_heads + 2 x num_key_value_heads) x head_dim");
  to.size("gate_up", 2 * to.of("feed_forward"), "2 x intermediate_size");
  const Config rope{config.name(), config[config.has("rope_parameters") ? "rope_parameters" : "rope_scaling"]};
  const double partial = rope.number("partial_rotary_factor", config.number("partial_rotary_factor", 1));
  to.integer("rope.dimension_count", static_cast<int64_t>(partial * static_cast<double>(to.head_dim)));
  to.integer("rope.scaling.original_context_length",
             rope.integer("original_max_position_embeddings", 1, most, config.integer("original_max_position_embeddings", 1, most, 4096)));
  to.integer("attention.sliding_window", config.integer("sliding_window", 1, most, 0));
}

const Architecture phi3{
    .name = "phi3",
    .classes = {"Phi3ForCausalLM"},
    .describe = describe,
    .tensors = joined({
        outer_rules(),
        norm_rules("blk.{}.ffn_norm.weight"),
        {{"model.layers.{}.self_attn.qkv_proj.weight", "blk.{}.attn_qkv.weight", everywhere, {"qkv", "width"}},
         {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
         {"model.layers.{}.mlp.gate_up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}},
         {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}},
    }),
};
const RegisterArchitecture registered(phi3);

}  // namespace
}  // namespace lt::convert
