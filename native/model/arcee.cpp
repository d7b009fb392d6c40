// arcee: Arcee AFM. As llama, but the feed-forward has no gate: up, squared ReLU, down.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("arcee", [](Loader& f) {
  return decoder(f, {.rope = {.neighbours = true}, .feed_forward = {.map = {.act = Act::relu2}, .gated = false}});
});

}  // namespace lt::model
