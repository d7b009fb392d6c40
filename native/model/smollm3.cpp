// smollm3: SmolLM3. As llama, but every fourth layer is not rotated; a folder may name others.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("smollm3", [](Loader& f) {
  return decoder(f, {.vary =
                         [&f](int64_t i, AttentionOptions& a) {
                           if (!f.per_layer("rope.layers", i, 0, 1, i % 4 != 3)) a.rope = {};
                         },
                     .rope = {.neighbours = true}});
});

}  // namespace lt::model
