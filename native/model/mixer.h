// What a layer does to its rows between two additions to them: attention, a feed-forward, experts, a recurrence. Each is a file with its
// options and the weights that it reads; layers are put together of them (layer.h), and no mixer knows of the others.
#pragma once
#include <memory>

#include "core/model.h"

namespace lt::model {

// Of the layer's memory, what this mixer asked for, and what comes for the layer beside its rows.
struct LayerMemory {
  const Kv* kv = nullptr;
  State state;
  Tensor inputs = {};  // f32 (n, columns a layer), of a model that has them (layer_inputs.h)
};

class Mixer {
 public:
  virtual ~Mixer() = default;
  virtual LayerShape keeps() const { return {}; }
  virtual int64_t heads() const { return 0; }  // that query, of this rank
  // y (n, width) of normed rows x (n, width), which stay.
  virtual void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const = 0;
};

using Mixing = std::shared_ptr<const Mixer>;

}  // namespace lt::model
