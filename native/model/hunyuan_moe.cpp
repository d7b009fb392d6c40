// hunyuan-moe: Hunyuan-A13B. Heads of queries and keys are normed behind their rotation; experts beside a shared one.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("hunyuan-moe", [](Loader& f) {
  return decoder(f, {.attention = {.query_key_norm = NormOf::head, .norm_last = true},
                     .experts = ExpertsOptions{.router = {.normalize = true},
                                               .shared = f.integer("expert_shared_feed_forward_length", 1, most_width)}});
});

}  // namespace lt::model
