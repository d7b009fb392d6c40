// internlm2: InternLM2 and 2.5. As llama.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("internlm2", [](Loader& f) { return decoder(f, {.rope = {.neighbours = true}}); });

}  // namespace lt::model
