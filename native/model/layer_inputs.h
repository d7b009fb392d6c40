// Per-layer embeddings (Gemma 3n, Gemma 4): beside its row, each token has some columns for every layer, made of a table of their own and
// of the token's embedding. They travel behind the row, and a layer's are in LayerMemory::inputs.
#pragma once
#include "model/hyper.h"
#include "model/linear.h"
#include "model/mixer.h"

namespace lt::model {

class LayerInputs {
 public:
  LayerInputs(Loader& loader, const Hyper& hyper);
  int64_t columns() const { return layers_ * each_; }  // of all layers; 0: the model has none
  // Columns [first, first + columns()) of `carried`, of rows that begin as x.
  void embed(Ops& ops, Tensor carried, int64_t first, Tensor x, const Rows& rows) const;
  Tensor of_layer(Tensor carried, int64_t first, int64_t layer) const;

 private:
  int64_t layers_, each_;
  float width_root_;
  Tensor table_;
  Linear from_row_;
  Norm norm_;
};

// proj(gelu(inp_gate x) * the layer's columns).
Mixing read_layer_input(Loader& loader, int64_t layer, const Hyper& hyper);

}  // namespace lt::model
