// granitemoe: Granite 3 MoE, with a shared expert in some. As llama with experts, and with multipliers: of embeddings, of attention's
// scores, of what a layer adds, and as a divisor of logits.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("granitemoe", [](Loader& f) {
  const auto scale = [&](const char* key) { return static_cast<float>(f.number(key, 1e-6, 1e6, 1)); };
  return decoder(f, {.attention = {.scale = f.number("attention.scale", 0, 1e6, 0)},
                     .rope = {.neighbours = true},
                     .experts = ExpertsOptions{.router = {.normalize = true},
                                               .columns_key = "feed_forward_length",
                                               .shared = f.integer("expert_shared_feed_forward_length", 0, most_width, 0)},
                     .ends = {.embedding_scale = scale("embedding_scale"), .logit_scale = 1 / scale("logit_scale")},
                     .residual_scale = scale("residual_scale")});
});

}  // namespace lt::model
