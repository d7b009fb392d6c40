// gemma: Gemma 1, CodeGemma. Tokens' rows grow by the square root of the width; the gate is GELU by a hyperbolic tangent.
#include <cmath>

#include "model/decoder.h"

namespace lt::model {

LT_MODEL("gemma", [](Loader& f) {
  const auto width = static_cast<double>(f.integer("embedding_length", 1, most_width));
  return decoder(f, {.feed_forward = {.map = {.act = Act::gelu_tanh}}, .ends = {.embedding_scale = static_cast<float>(std::sqrt(width))}});
});

}  // namespace lt::model
