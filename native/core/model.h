// What an architecture's file provides: three functions over Ops, straight line, one set for every backend.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/ops.h"

namespace lt {

// What the engine must know to keep a model's state.
struct Shape {
  int64_t layers, width, vocabulary, trained_context;
  int64_t heads, kv_heads, key_dim, value_dim;  // key_dim, value_dim: columns a head
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const Shape& shape() const = 0;
  virtual void embed(Ops& ops, Tensor x, const Rows& rows) const = 0;                           // x (n, width)
  virtual void layer(Ops& ops, int64_t i, Tensor x, const Kv& kv, const Rows& rows) const = 0;  // in place
  virtual void head(Ops& ops, Tensor logits, Tensor x, const Rows& rows) const = 0;             // logits (outputs, vocabulary)
};

}  // namespace lt
