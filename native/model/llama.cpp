// llama: Llama 1 to 3.x, Mistral, TinyLlama, SmolLM2; Mixtral. Rotary pairs lie side by side, biases are where the file has them, a window
// where it names one; experts are chosen by a softmax and weighed by their share of the chosen ones'.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("llama", [](Loader& f) {
  return decoder(f, {.attention = {.window = f.integer("attention.sliding_window", 0, most_context, 0)},
                     .rope = {.neighbours = true},
                     .experts = ExpertsOptions{.router = {.normalize = true}, .columns_key = "feed_forward_length"}});
});

}  // namespace lt::model
