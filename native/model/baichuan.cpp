// baichuan: Baichuan 1 and 2. The 7B is a llama; the 13B has slopes in place of rotation. Their numbers of layers tell them apart.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("baichuan", [](Loader& f) {
  constexpr int64_t layers_of_7b = 32, layers_of_13b = 40;
  const int64_t layers = f.integer("block_count", 1, most_layers);
  if (layers != layers_of_7b && layers != layers_of_13b) f.refuse("block_count", "32 (7B) or 40 (13B)", std::to_string(layers));
  if (layers == layers_of_7b) return decoder(f, {.rope = {.neighbours = true}});
  return decoder(f, {.attention = {.alibi = 8}, .rotates = false});
});

}  // namespace lt::model
