// qwen3: Qwen3 dense. As qwen2 without biases; every head of q and k is normed before its rotation, all heads by one weight,
// and heads may be wider than width / heads.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("qwen3", [](Loader& f) { return decoder(f, {.attention = {.query_key_norm = NormOf::head}, .vary = windows_by_layer(f)}); });

}  // namespace lt::model
