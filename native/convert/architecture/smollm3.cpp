// SmolLM3.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// GGUF has no key for the layers that are not rotated: every fourth is meant.
void describe_rotated(const Config& config, Description& to) {
  const int64_t period = config.integer("no_rope_layer_interval", 1, 1 << 20, 4);
  std::vector<bool> rotated, usual;
  for (int64_t i = 0; i < to.layers; i++) rotated.push_back(i % period != period - 1), usual.push_back(i % 4 != 3);
  size_t layer = 0;
  for (const json::Member m : config["no_rope_layers"]) {
    const int64_t flag = m.value.integer().value_or(-1);
    if (layer >= rotated.size() || flag < 0 || flag > 1) config.fail("no_rope_layers", "expected 0 or 1 for each layer");
    rotated[layer++] = flag == 1;
  }
  if (config.has("no_rope_layers") && layer != rotated.size()) config.fail("no_rope_layers", "expected 0 or 1 for each layer");
  if (rotated == usual) return;
  to.flags("rope.layers", rotated);
  to.folder_only(config, "no_rope_layers");
}

void describe(const Config& config, Description& to) {
  describe_llama(config, to);
  config.expect_flag("use_sliding_window", false);
  describe_rotated(config, to);
}

const Architecture smollm3{
    .name = "smollm3",
    .classes = {"SmolLM3ForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules({.q = neighbouring_queries, .k = neighbouring_keys}),
};
const RegisterArchitecture registered(smollm3);

}  // namespace
}  // namespace lt::convert
