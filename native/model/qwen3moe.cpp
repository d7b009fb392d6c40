// qwen3moe: Qwen3-30B-A3B, Qwen3-235B-A22B, Qwen3-Coder. As qwen3 with experts in every layer, whose weights are shares of the chosen ones'
// unless expert_weights_norm, which other programs do not write, says otherwise.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("qwen3moe", [](Loader& f) {
  return decoder(f, {.attention = {.query_key_norm = NormOf::head},
                     .experts = ExpertsOptions{.router = {.normalize = f.flag("expert_weights_norm", true)}}});
});

}  // namespace lt::model
