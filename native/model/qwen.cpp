// qwen: Qwen 1. q, k and v are one matrix with a bias; feed_forward_length counts gate and up together.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("qwen", [](Loader& f) {
  return decoder(f, {.attention = {.fused = true}, .feed_forward = {.columns = f.integer("feed_forward_length", 2, 2 * most_width) / 2}});
});

}  // namespace lt::model
