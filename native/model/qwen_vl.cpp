// qwen2vl, qwen3vl, qwen3vlmoe: what Qwen2-VL, Qwen2.5-VL and Qwen3-VL make of text, which is qwen2, qwen3 and qwen3moe with pairs that
// turn by time, height or width. A token of text has the same place on all three.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("qwen2vl", [](Loader& f) { return decoder(f, {.rope = {.axes = Axes::stretches}}); });

LT_MODEL("qwen3vl", [](Loader& f) { return decoder(f, {.attention = {.query_key_norm = NormOf::head}, .rope = {.axes = Axes::in_turn}}); });

LT_MODEL("qwen3vlmoe", [](Loader& f) {
  return decoder(f, {.attention = {.query_key_norm = NormOf::head},
                     .rope = {.axes = Axes::in_turn},
                     .experts = ExpertsOptions{.router = {.normalize = f.flag("expert_weights_norm", true)}}});
});

}  // namespace lt::model
