// qwen2moe: Qwen1.5-MoE, Qwen2-57B-A14B. As qwen2 with experts that keep their share of all, and a shared one with a gate.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("qwen2moe", [](Loader& f) {
  return decoder(f, {.experts = ExpertsOptions{.router = {.normalize = f.flag("expert_weights_norm", false)},
                                               .shared = f.integer("expert_shared_feed_forward_length", 1, most_width),
                                               .shared_gate = true}});
});

}  // namespace lt::model
