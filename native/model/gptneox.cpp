// gptneox: GPT-NeoX, Pythia, Dolly. Attention and feed-forward read the same rows, each by its layer norm, or follow one another; the first
// part of each head is rotated; the feed-forward has no gate, and exact GELU.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("gptneox", [](Loader& f) {
  return decoder(f, {.attention = {.fused = true},
                     .feed_forward = {.map = {.act = Act::gelu}, .gated = false},
                     .centred = true,
                     .residual = f.flag("use_parallel_residual", true) ? Residual::side_by_side : Residual::in_turn});
});

}  // namespace lt::model
