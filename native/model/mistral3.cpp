// mistral3: Mistral Small 3.1 and later, Ministral 3, dense. As llama with YaRN, and queries grow with the logarithm of their place.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("mistral3", [](Loader& f) {
  const int64_t trained = f.integer("context_length", 1, most_context);
  const Tensor temperature = read_temperature(f, f.number("attention.temperature_scale", 0, 1e3, 0),
                                              f.integer("rope.scaling.original_context_length", 1, most_context, trained));
  return decoder(f, {.attention = {.temperature = temperature}, .rope = {.neighbours = true}});
});

}  // namespace lt::model
