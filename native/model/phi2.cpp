// phi2 (Phi-1, 1.5 and 2), gptj (GPT-J): attention and feed-forward read one layer norm; the first part of each head is rotated, GPT-J's
// pairs side by side; the feed-forward has no gate; biases, on the output too.
#include "model/decoder.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> phi2(Loader& f, bool fused, bool neighbours) {
  return decoder(f, {.attention = {.fused = fused},
                     .rope = {.neighbours = neighbours},
                     .feed_forward = {.map = {.act = Act::gelu_tanh}, .gated = false},
                     .centred = true,
                     .residual = Residual::behind_one_norm});
}

// Files of the first releases have q, k and v in one matrix.
LT_MODEL("phi2", [](Loader& f) { return phi2(f, f.has(block(0) + "attn_qkv.weight"), false); });
LT_MODEL("gptj", [](Loader& f) { return phi2(f, false, true); });

}  // namespace
}  // namespace lt::model
