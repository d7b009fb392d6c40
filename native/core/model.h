// What an architecture's file provides: a few functions over Ops, straight line, one set for every backend.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ops.h"

namespace lt {

// Keys and values that a layer keeps of every place.
struct KvShape {
  int64_t heads = 1, key_dim = 0, value_dim = 0;  // dims: columns a head
  int64_t reach = 0;                              // a row at place p sees places > p - reach; 0: all
  bool latent = false;                            // values are the first columns of the keys

  bool operator==(const KvShape&) const = default;
};

// What a layer keeps of a sequence.
struct LayerShape {
  std::optional<KvShape> kv = {};
  int64_t kv_of = -1;  // reads the keys and values of that layer, an earlier one
  int64_t state = 0;   // floats of the states after a row

  bool operator==(const LayerShape&) const = default;
};

// What the engine must know of a model.
struct Shape {
  int64_t width = 0, carried = 0;  // columns of an embedding and a hidden row; columns that pass from layer to layer
  int64_t vocabulary = 0, trained_context = 0;
  int64_t heads = 1;         // query heads of a layer at most
  int64_t axes = 1;          // of Rows::turns
  bool looks_ahead = false;  // rows see places behind them: a sequence's rows go into one step
  bool head = true;          // it has logits
  // Of an encoder and a decoder: the first so many layers encode a text, which a request's further rows read across (Rows::across); 0:
  // there is no encoder. Its rows see what is behind them, go into one step, and into none with others.
  int64_t encoder = 0;
  int64_t decoder_start = -1;  // the token that the decoder's texts begin with
  int64_t types = 1;           // texts that rows of a sequence tell apart
  std::vector<LayerShape> layers = {};

  int64_t count() const { return static_cast<int64_t>(layers.size()); }
  const LayerShape& layer(int64_t i) const { return layers[static_cast<size_t>(i)]; }
};

// Layers that reach equally far back: pages behind all of their windows are free.
struct Groups {
  std::vector<int64_t> reach;    // of each group, descending, 0 (all) first; one at least
  std::vector<size_t> of_layer;  // of a layer without keys: 0
};
Groups groups_of(const Shape& shape);

// The numbers of a file's "pooling_type".
enum class Pooling : uint8_t { none, mean, first, last, rank };

// How the hidden rows of a text become one vector, or scores: on the host, so that it is the same behind every backend.
class Readout {
 public:
  virtual ~Readout() = default;
  virtual Pooling pooling() const = 0;                                      // as the file says; none where it does not
  virtual int64_t columns() const = 0;                                      // of a vector
  virtual int64_t outputs() const = 0;                                      // scores of a text; 0: it gives none
  virtual const std::vector<std::string>& labels() const = 0;               // of the scores, where the file names them
  virtual Pooling ranks_by() const = 0;                                     // which row scores are of: mean, first or last
  virtual std::vector<float> vector(std::span<const float> row) const = 0;  // of a pooled row
  virtual std::vector<float> scores(std::span<const float> row) const = 0;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const Shape& shape() const = 0;
  virtual const Readout* readout() const { return nullptr; }                                            // null: a pooled row is the vector
  virtual void embed(Ops& ops, Tensor x, const Rows& rows) const = 0;                                   // x (n, carried)
  virtual void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const = 0;  // in place
  // A layer is computed in so many parts, one behind another, between which nothing but its rows passes: an `apart` one, experts, may be on
  // another backend than the others, which have the layer's memory.
  virtual int64_t parts(int64_t) const { return 1; }
  virtual bool apart(int64_t, int64_t) const { return false; }
  virtual void part(Ops& ops, int64_t i, int64_t, Tensor x, const Memory& memory, const Rows& rows) const {
    layer(ops, i, x, memory, rows);
  }
  virtual void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const = 0;     // h (outputs, width)
  virtual void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const = 0;  // logits (outputs, vocabulary)
};

}  // namespace lt
