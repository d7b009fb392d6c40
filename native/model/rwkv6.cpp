// rwkv6: RWKV 6 (Finch). Files halve the rows every `rescale_every_n_layers` layers, and with them the matrices behind. Here rows stay,
// what is added to them grows, and norms have their epsilon in the same measure, which is the same.
#include <cmath>

#include "model/decoder.h"
#include "model/rwkv.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> rwkv6(Loader& f) {
  check_rwkv(f);
  const Hyper h = read_hyper(f, true);
  const int64_t every = f.integer("rescale_every_n_layers", 0, most_layers, 0);
  // Of the rows before layer i, how often they are halved.
  const auto halvings = [&](int64_t i) {
    if (every > 0 && i / every > 60) f.refuse("rescale_every_n_layers", "at most 60 halvings", std::to_string(i / every));
    return every > 0 ? static_cast<int>(i / every) : 0;
  };
  const auto eps = [&](int64_t i) { return std::ldexp(h.eps, 2 * halvings(i)); };
  const EndOptions ends{.embedding_norm = "token_embd_norm", .norm_eps = eps(h.layers)};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    Hyper here = h;
    here.eps = eps(i);
    const float scale = std::ldexp(1.0f, halvings(i));
    return {{{read_norm(f, block(i) + "attn_norm", h.width, here), read_time_mix6(f, i, h), {}, scale}},
            {{read_norm(f, block(i) + "attn_norm_2", h.width, here), read_channel_mix6(f, i, h), {}, scale}}};
  });
}

LT_MODEL("rwkv6", rwkv6);

}  // namespace
}  // namespace lt::model
