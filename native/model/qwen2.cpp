// qwen2: Qwen2 and Qwen2.5 dense. As llama, but rotary pairs are a half apart (i, i + half), and q, k and v have biases. A folder may have
// windows in some layers.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("qwen2", [](Loader& f) { return decoder(f, {.vary = windows_by_layer(f)}); });

}  // namespace lt::model
