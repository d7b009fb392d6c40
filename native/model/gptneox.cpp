// gptneox: GPT-NeoX, Pythia, Dolly. Attention and feed-forward read the same rows, each by its layer norm, or follow one another; the first
// part of each head is rotated; the feed-forward has no gate, and exact GELU.
#include "model/decoder.h"

namespace lt::model {

// Folders of GPT-NeoX itself name the tanh form of GELU, which files do not say.
LT_MODEL("gptneox", [](Loader& f) {
  const Act act = f.text("hidden_activation", "gelu") == "gelu_pytorch_tanh" ? Act::gelu_tanh : Act::gelu;
  return decoder(f, {.attention = {.fused = true},
                     .feed_forward = {.map = {.act = act}, .gated = false},
                     .centred = true,
                     .residual = f.flag("use_parallel_residual", true) ? Residual::side_by_side : Residual::in_turn});
});

}  // namespace lt::model
