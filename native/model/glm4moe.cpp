// glm4moe: GLM-4.5, GLM-4.6, GLM-4.5-Air. Leading layers are dense, the others choose experts as DeepSeek V3 does. Of a head a part is
// rotated. Air has no norms of queries and keys, of which no key speaks: the first layer's tensors do.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("glm4moe", [](Loader& f) {
  const bool normed = f.has(block(0) + "attn_q_norm.weight");
  return decoder(
      f, {.attention = {.query_key_norm = normed ? NormOf::head : NormOf::none},
          .experts = ExpertsOptions{.router = read_router(f, Router::Gating::sigmoid), .biased = true, .shared = read_shared_columns(f)},
          .second_norm = "post_attention_norm"});
});

}  // namespace lt::model
