// gpt2 (GPT-2), starcoder (StarCoder, SantaCoder: one key and value head): a learned row a place, layer norms and biases everywhere, q, k
// and v in one matrix, a feed-forward without a gate.
#include "model/decoder.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> gpt2(Loader& f) {
  return decoder(f, {.attention = {.fused = true},
                     .feed_forward = {.map = {.act = Act::gelu_tanh}, .gated = false},
                     .ends = {.positions = true},
                     .centred = true,
                     .rotates = false});
}

LT_MODEL("gpt2", gpt2);
LT_MODEL("starcoder", gpt2);

}  // namespace
}  // namespace lt::model
