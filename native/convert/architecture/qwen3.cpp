// Qwen3, dense.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_windows_by_layer(config, to);
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
