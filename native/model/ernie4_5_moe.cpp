// ernie4_5-moe: ERNIE 4.5 21B-A3B, 300B-A47B. Leading layers are dense; experts are chosen by a softmax with a bias and weighed by their
// share of the chosen ones'; shared ones, where the file counts any, lie in one matrix.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("ernie4_5-moe", [](Loader& f) {
  const bool shares = f.integer("expert_shared_count", 0, most_experts, 0) > 0;
  return decoder(f, {.rope = {.neighbours = true},
                     .experts = ExpertsOptions{.router = {.normalize = true},
                                               .biased = true,
                                               .shared = shares ? f.integer("expert_shared_feed_forward_length", 1, most_width) : 0}});
});

}  // namespace lt::model
