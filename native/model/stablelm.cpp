// stablelm: StableLM 3B, StableLM 2. Layer norms, the first part of each head is rotated. In the 12B attention and feed-forward read one
// norm, and q and k are normed, each head by weights of its own.
#include "model/decoder.h"

namespace lt::model {

// The 12B has no norm before the feed-forward. Converters write use_parallel_residual where config.json says nothing of it too, so that the
// key is no sign.
LT_MODEL("stablelm", [](Loader& f) {
  const bool large = !f.has(block(0) + "ffn_norm.weight");
  return decoder(f, {.attention = {.query_key_norm = large ? NormOf::each : NormOf::none},
                     .centred = true,
                     .residual = large ? Residual::behind_one_norm : Residual::in_turn});
});

}  // namespace lt::model
