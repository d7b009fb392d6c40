// Qwen2 and Qwen2.5, dense.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// Layers from max_window_layers on have a window, where it is used at all; newer folders say it layer by layer.
void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  if (!config.boolean("use_sliding_window", false) || !config.has("sliding_window")) return;
  if (config.integer("max_window_layers", 0, 1 << 20, to.layers) < to.layers)
    config.unsupported("use_sliding_window", "qwen2 is run without a window");
}

const Architecture qwen2{
    .name = "qwen2",
    .classes = {"Qwen2ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules(),
};
const RegisterArchitecture registered(qwen2);

}  // namespace
}  // namespace lt::convert
