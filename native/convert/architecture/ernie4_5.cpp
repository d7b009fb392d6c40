// Baidu ERNIE 4.5, dense.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

const Architecture ernie4_5{
    .name = "ernie4_5",
    .classes = {"Ernie4_5ForCausalLM", "Ernie4_5_ForCausalLM"},
    .describe =
        [](const Config& config, Description& to) {
          describe_decoder(config, to);
          if (config.boolean("use_bias", false)) to.folder_only(config, "use_bias");
        },
    .tensors = decoder_rules(),
};
const RegisterArchitecture registered(ernie4_5);

}  // namespace
}  // namespace lt::convert
