// Ministral 3, dense.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// GGUF has a key for mscale_all_dim, and 1 for mscale. What queries grow by with their place stands beside it.
void describe_mistral_yarn(const Config& rope, Description& to) {
  describe_yarn_range(rope, to);
  rope.expect_flag("truncate", true);
  if (rope.has("attention_factor")) rope.unsupported("attention_factor", "is not read: mscale says what rotation magnifies by");
  if (const double all = rope.number("mscale_all_dim", 0); all != 0) {
    if (rope.number("mscale", 0) != 1) rope.unsupported("mscale", "expected 1");
    to.number("rope.scaling.yarn_log_multiplier", all);
  }
  if (rope.has("llama_4_scaling_beta")) to.number("attention.temperature_scale", rope.number("llama_4_scaling_beta", 0));
}

void describe(const Config& config, Description& to) {
  describe_llama(config, to, {.yarn = describe_mistral_yarn});
  config.expect_text("model_type", "ministral3");
  if (config.has("sliding_window")) config.unsupported("sliding_window", "mistral3 is run without a window");
}

const Architecture mistral3{
    .name = "mistral3",
    .classes = {"Ministral3ForCausalLM", "Mistral3ForConditionalGeneration"},
    .describe = describe,
    .tensors = decoder_rules({.q = neighbouring_queries, .k = neighbouring_keys}),
    .inner = "text_config",
    .renamed = {{"model.language_model.", "model."}, {"language_model.", ""}},
    .passed_over = {"vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."},
};
const RegisterArchitecture registered(mistral3);

}  // namespace
}  // namespace lt::convert
