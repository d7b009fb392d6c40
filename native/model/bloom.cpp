// bloom (BLOOM, BLOOMZ), mpt (MPT): ALiBi in place of positions, layer norms, q, k and v in one matrix, a feed-forward without a gate.
// BLOOM's token rows are normed, and it has biases; some of MPT bring q, k and v into a range, or have a learned row a place.
#include "model/decoder.h"

namespace lt::model {
namespace {

constexpr float bloom_alibi = 8;  // the paper's, for which bloom's files have no key

LT_MODEL("bloom", [](Loader& f) {
  return decoder(f, {.attention = {.fused = true, .alibi = bloom_alibi},
                     .feed_forward = {.map = {.act = Act::gelu_tanh}, .gated = false},
                     .ends = {.embedding_norm = "token_embd_norm"},
                     .centred = true,
                     .rotates = false});
});

LT_MODEL("mpt", [](Loader& f) {
  const auto alibi = static_cast<float>(f.number("attention.max_alibi_bias", 0, 1e3, 0));
  return decoder(f, {.attention = {.fused = true, .clamp = static_cast<float>(f.number("attention.clamp_kqv", 0, 1e6, 0)), .alibi = alibi},
                     .feed_forward = {.map = {.act = Act::gelu}, .gated = false},
                     .ends = {.positions = alibi == 0},
                     .centred = true,
                     .rotates = false});
});

}  // namespace
}  // namespace lt::model
