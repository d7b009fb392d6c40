// olmo: AI2 OLMo 1 and 1.7. As llama, but all norms are layer norms without weights, and q, k and v may be clamped.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("olmo", [](Loader& f) {
  return decoder(f, {.attention = {.clamp = static_cast<float>(f.number("attention.clamp_kqv", 0, 1e6, 0))},
                     .rope = {.neighbours = true},
                     .centred = true,
                     .weightless = true});
});

}  // namespace lt::model
