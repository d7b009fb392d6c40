// bitnet: BitNet b1.58 (Ma et al. 2024), whose matrices have the values -1, 0 and 1 times one number. llama's layers with two norms more,
// of what attention gives and of what the gates let through. Rows are not rounded to 8 bits, as they were in training.
#include "model/decoder.h"

namespace lt::model {
namespace {

// The first models' activation is not in their files.
Act activation_bitnet(const Loader& f) {
  const std::string name = f.text("hidden_activation", "silu");
  if (name != "silu" && name != "relu2") f.refuse("hidden_activation", "silu or relu2", "\"" + name + "\"");
  return name == "silu" ? Act::silu : Act::relu2;
}

LT_MODEL("bitnet", [](Loader& f) {
  return decoder(f, {.attention = {.result_norm = true}, .feed_forward = {.map = {.act = activation_bitnet(f)}, .inner_norm = true}});
});

}  // namespace
}  // namespace lt::model
