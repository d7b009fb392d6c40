// chatglm: ChatGLM2 and 3, GLM-4-9B. As llama; the first part of each head is rotated, gate and up are one matrix.
#include "model/decoder.h"

namespace lt::model {

// q, k and v are one matrix in the original releases, three in those for transformers: GGUF files hold what the folder held.
LT_MODEL("chatglm", [](Loader& f) {
  return decoder(
      f, {.attention = {.fused = f.has(block(0) + "attn_qkv.weight")}, .rope = {.neighbours = true}, .feed_forward = {.fused = true}});
});

}  // namespace lt::model
