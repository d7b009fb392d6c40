// olmoe: OLMoE. Queries and keys are normed as whole rows, experts keep their share of all.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("olmoe", [](Loader& f) {
  return decoder(
      f, {.attention = {.query_key_norm = NormOf::row},
          .experts = ExpertsOptions{.router = {.normalize = f.flag("expert_weights_norm", false)}, .columns_key = "feed_forward_length"}});
});

}  // namespace lt::model
