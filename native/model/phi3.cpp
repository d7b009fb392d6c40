// phi3: Phi-3, Phi-3.5, Phi-4, also mini. q, k and v are one matrix, and so are gate and up; perhaps a part of the head is rotated, by one
// of long-rope's two tables; a window, where the file names one, holds for every layer.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("phi3", [](Loader& f) {
  return decoder(f, {.attention = {.fused = true, .window = f.integer("attention.sliding_window", 0, most_context, 0)},
                     .rope = {.factors = true},
                     .feed_forward = {.fused = true}});
});

}  // namespace lt::model
