// dots1: dots.llm1. As qwen3moe, with leading dense layers and experts that are chosen as DeepSeek V3 does.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("dots1", [](Loader& f) {
  return decoder(
      f, {.attention = {.query_key_norm = NormOf::head},
          .experts = ExpertsOptions{.router = read_router(f, Router::Gating::sigmoid), .biased = true, .shared = read_shared_columns(f)}});
});

}  // namespace lt::model
