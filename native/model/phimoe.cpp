// phimoe: Phi-3.5-MoE. Layer norms and biases; each row's two experts weigh as SparseMixer has it at inference. llama.cpp runs these files
// with root mean square norms and a plain softmax, which is not what the model was trained with.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("phimoe", [](Loader& f) {
  return decoder(f, {.attention = {.window = f.integer("attention.sliding_window", 0, most_context, 0)},
                     .rope = {.factors = true},
                     .experts = ExpertsOptions{.router = {.gating = Router::Gating::mixed}, .columns_key = "feed_forward_length"},
                     .centred = true});
});

}  // namespace lt::model
