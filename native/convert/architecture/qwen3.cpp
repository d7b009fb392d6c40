// Qwen3, dense.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  if (!config.boolean("use_sliding_window", false) || !config.has("sliding_window")) return;
  if (config.integer("max_window_layers", 0, 1 << 20, to.layers) < to.layers)
    config.unsupported("use_sliding_window", "qwen3 is run without a window");
}

const Architecture qwen3{
    .name = "qwen3",
    .classes = {"Qwen3ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({}, head_norm_rules()),
};
const RegisterArchitecture registered(qwen3);

}  // namespace
}  // namespace lt::convert
