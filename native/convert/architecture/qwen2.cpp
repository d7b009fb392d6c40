// Qwen2 and Qwen2.5, dense.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_windows_by_layer(config, to);
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
