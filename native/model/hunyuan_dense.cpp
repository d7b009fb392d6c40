// hunyuan-dense: Tencent Hunyuan, dense. As qwen3, but the heads of q and k are normed after their rotation.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("hunyuan-dense", [](Loader& f) { return decoder(f, {.attention = {.query_key_norm = NormOf::head, .norm_last = true}}); });

}  // namespace lt::model
