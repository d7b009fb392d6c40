// Latent attention (DeepSeek-AI 2024) in absorbed form: the cache holds one row a place, [normed latent | rotated key], which is the key of
// every head, and whose latent part is the value. A small matrix a head turns queries into that space, and another results back.
#pragma once
#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

struct LatentOptions {
  double scale = 0;  // of scores; 0: head^-0.5
  float eps = 0;     // of the norms of latents
  Rope rope = {};    // of a head's last columns, and the key's
};

// A head before absorption, [plain | rotated], and its value.
struct LatentHeads {
  int64_t query = 0, plain = 0, rotated = 0, value = 0;
  int64_t latent = 0;  // columns
};
// A value is as wide as width / heads where the file does not say it.
LatentHeads read_latent_heads(const Loader& loader);

Mixing read_latent_attention(Loader& loader, int64_t layer, const Hyper& hyper, const LatentOptions& options);

}  // namespace lt::model
