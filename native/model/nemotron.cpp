// nemotron: Nemotron-4, Minitron. Layer norms, the first part of each head is rotated, a feed-forward of squared ReLU without a gate.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("nemotron", [](Loader& f) { return decoder(f, {.feed_forward = {.map = {.act = Act::relu2}, .gated = false}, .centred = true}); });

}  // namespace lt::model
