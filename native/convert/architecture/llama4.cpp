// Llama 4 Scout and Maverick, the text.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// What GGUF has no key for is expected as it is published.
void check_attention(const Config& config, const Description& to) {
  constexpr int64_t chunk = 8192, period = 4;
  config.expect_number("attention_chunk_size", chunk);
  config.expect_number("floor_scale", chunk);
  config.expect_number("attn_scale", 0.1);
  config.expect_number("no_rope_layer_interval", period);
  if (config.has("attn_temperature_tuning") && !config["attn_temperature_tuning"].integer())
    config.expect_flag("attn_temperature_tuning", true);
  const std::vector<bool> near = config.choices("layer_types", to.layers, "chunked_attention", "full_attention");
  int64_t i = 0;
  for (const json::Member m : config["no_rope_layers"])
    if (m.value.integer().value_or(-1) != (++i % period != 0 ? 1 : 0))
      config.unsupported("no_rope_layers", "expected every fourth layer without rotation");
  for (i = 0; i < std::ssize(near); i++)
    if (near[static_cast<size_t>(i)] != ((i + 1) % period != 0))
      config.unsupported("layer_types", "expected every fourth layer to see all");
  if (config.boolean("use_qk_norm", true) != (to.of("experts") != 128))
    config.unsupported("use_qk_norm", "expected false with 128 experts alone, by which a model is known");
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to, {.feed_forward = "intermediate_size_mlp"});
  describe_heads(config, to);
  describe_rope(config, to);
  describe_epsilon(config, to);
  describe_experts(config, to, {.count = "num_local_experts", .columns = "intermediate_size"});
  const int64_t step = config.integer("interleave_moe_layer_step", 1, 4096, 1);
  for (int64_t i = 0; i < to.layers; i++) to.sparse[static_cast<size_t>(i)] = (i + 1) % step == 0;
  describe_shared_expert(to, to.of("expert_feed_forward"), "intermediate_size");
  to.kinds = "interleave_moe_layer_step";
  to.integer("interleave_moe_layer_step", step);
  to.integer("vocab_size", to.of("vocabulary"));
  to.integer("rope.dimension_count", to.head_dim);
  config.expect_text("hidden_act", "silu");
  int64_t at = 0;
  for (const json::Member m : config["moe_layers"])
    if (m.value.integer().value_or(-1) != ++at * step - 1) config.unsupported("moe_layers", "expected what interleave_moe_layer_step says");
  check_attention(config, to);
}

Rules dense_layers() {
  return {
      {"model.layers.{}.feed_forward.gate_proj.weight", "blk.{}.ffn_gate.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.feed_forward.up_proj.weight", "blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
      {"model.layers.{}.feed_forward.down_proj.weight", "blk.{}.ffn_down.weight", dense, {"width", "feed_forward"}},
  };
}

const Architecture llama4{
    .name = "llama4",
    .classes = {"Llama4ForCausalLM", "Llama4ForConditionalGeneration"},
    .describe = describe,
    .tensors =
        joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), attention_rules(), dense_layers(),
                turned_expert_rules("model.layers.{}.feed_forward.experts.gate_up_proj", "model.layers.{}.feed_forward.experts.down_proj"),
                router_rules("model.layers.{}.feed_forward.router.weight"),
                shared_expert_rules("model.layers.{}.feed_forward.shared_expert.gate_proj.weight",
                                    "model.layers.{}.feed_forward.shared_expert.up_proj.weight",
                                    "model.layers.{}.feed_forward.shared_expert.down_proj.weight")}),
    .inner = "text_config",
    .renamed = {{"language_model.", ""}},
    .passed_over = {"vision_model.", "multi_modal_projector."},
};
const RegisterArchitecture registered(llama4);

}  // namespace
}  // namespace lt::convert
