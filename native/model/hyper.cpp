#include "model/hyper.h"

namespace lt::model {

Hyper read_hyper(Loader& loader, bool centred) {
  Hyper h;
  const int64_t blocks = loader.integer("block_count", 1, most_layers);
  h.layers = blocks - loader.integer("nextn_predict_layers", 0, blocks - 1, 0);
  for (int64_t i = h.layers; i < blocks; i++) loader.ignore(block(i) + "*");
  h.width = loader.integer("embedding_length", 1, most_width);
  h.context = loader.integer("context_length", 1, most_context);
  h.vocabulary = loader.rows_of("token_embd.weight");
  const double rms = loader.number("attention.layer_norm_rms_epsilon", 0, 1, 1e-5);  // phimoe has its layer norms' under this key
  h.eps = static_cast<float>(centred ? loader.number("attention.layer_norm_epsilon", 0, 1, rms) : rms);
  h.centred = centred;
  return h;
}

Norm read_norm(Loader& loader, const std::string& name, int64_t cols, const Hyper& hyper) {
  if (hyper.weightless) return {.eps = hyper.eps, .centred = hyper.centred};
  Norm n{.w = loader.vector(name + ".weight", cols), .eps = hyper.eps, .centred = hyper.centred};
  if (loader.has(name + ".bias")) n.b = loader.vector(name + ".bias", cols);
  return n;
}

}  // namespace lt::model
