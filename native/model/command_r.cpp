// command-r: Command R, Command R+, Aya. Attention and feed-forward read one layer norm and are added together; rotary pairs lie side by
// side; logits are scaled. Command R+ norms q and k, each head by weights of its own.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("command-r", [](Loader& f) {
  // use_qk_norm is not in files: it is Command R+'s, known by its 64 layers.
  const bool norms = f.flag("attention.query_key_norm", f.integer("block_count", 1, most_layers) == 64);
  return decoder(f, {.attention = {.query_key_norm = norms ? NormOf::each : NormOf::none},
                     .rope = {.neighbours = true},
                     .ends = {.logit_scale = static_cast<float>(f.number("logit_scale", 0, 1e6, 1))},
                     .centred = true,
                     .residual = Residual::behind_one_norm});
});

}  // namespace lt::model
