// Swiss AI Apertus.
#include "convert/decoder.h"
#include "convert/plan.h"

namespace lt::convert {
namespace {

// The numbers of the feed-forward's function become lists with one for each layer, under keys without the architecture's name.
void read_xielu(const safetensors::Folder& folder, Description& to) {
  for (const char* name : {"alpha_n", "alpha_p", "beta", "eps"}) {
    std::vector<float> values;
    for (int64_t i = 0; i < to.layers; i++) values.push_back(value_of(folder, "model.layers." + std::to_string(i) + ".mlp.act_fn." + name));
    to.fields.push_back(gguf::field(std::string("xielu.") + name, std::span<const float>(values)));
  }
}

const Architecture apertus{
    .name = "apertus",
    .classes = {"ApertusForCausalLM"},
    .describe = [](const Config& config, Description& to) { describe_llama(config, to, {}, "xielu"); },
    .tensors = joined({
        outer_rules(),
        attention_rules(),
        head_norm_rules(),
        ungated_feed_forward_rules(),
        {{"model.layers.{}.attention_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
         {"model.layers.{}.feedforward_layernorm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
         {"model.layers.{}.mlp.act_fn.alpha_n", ""},
         {"model.layers.{}.mlp.act_fn.alpha_p", ""},
         {"model.layers.{}.mlp.act_fn.beta", ""},
         {"model.layers.{}.mlp.act_fn.eps", ""}},
    }),
    .read = read_xielu,
};
const RegisterArchitecture registered(apertus);

}  // namespace
}  // namespace lt::convert
