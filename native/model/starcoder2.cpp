// starcoder2: StarCoder2. Layer norms and biases everywhere, a feed-forward without a gate. Of its window folders alone say anything.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("starcoder2", [](Loader& f) {
  return decoder(f, {.attention = {.window = f.integer("attention.sliding_window", 0, most_context, 0)},
                     .feed_forward = {.map = {.act = Act::gelu_tanh}, .gated = false},
                     .centred = true});
});

}  // namespace lt::model
