// minicpm3: MiniCPM3. Latent attention in dense layers, long-rope, and scales of embeddings, of what a half of a layer adds and of logits,
// which the file does not have: those of the published model.
#include <cmath>

#include "model/decoder.h"
#include "model/latent_attention.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> minicpm3(Loader& f) {
  const Hyper h = read_hyper(f);
  // Norms of latents have their class's default epsilon, whatever the file says of the others.
  const LatentOptions latent{.eps = 1e-6f, .rope = read_rope(f, read_latent_heads(f).rotated, {.factors = true})};
  const auto scale = static_cast<float>(1.4 / std::sqrt(static_cast<double>(h.layers)));
  const EndOptions ends{.embedding_scale = 12, .logit_scale = 256 / static_cast<float>(h.width)};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{norm("attn_norm"), read_latent_attention(f, i, h, latent), {}, scale}},
            {{norm("ffn_norm"), read_feed_forward(f, i, h, {}), {}, scale}}};
  });
}

LT_MODEL("minicpm3", minicpm3);

}  // namespace
}  // namespace lt::model
