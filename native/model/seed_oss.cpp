// seed_oss: ByteDance Seed-OSS. As qwen2 with heads of their own width; the norm before the feed-forward is called post_attention_norm.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("seed_oss", [](Loader& f) { return decoder(f, {.second_norm = "post_attention_norm"}); });

}  // namespace lt::model
