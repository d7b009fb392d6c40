#include "model/layer_inputs.h"

#include <cmath>

namespace lt::model {
namespace {

int64_t read_columns(const Loader& loader) { return loader.integer("embedding_length_per_layer_input", 0, most_dim, 0); }

float root(int64_t n) { return std::sqrt(static_cast<float>(n)); }

class LayerInput : public Mixer {
 public:
  LayerInput(Loader& loader, int64_t layer, const Hyper& hyper) {
    const int64_t columns = read_columns(loader);
    gate_ = read_linear(loader, block(layer) + "inp_gate", columns, hyper.width);
    out_ = read_linear(loader, block(layer) + "proj", hyper.width, columns);
  }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor g = scope.f32(x.rows, out_.w.cols);
    linear(ops, rows, g, x, gate_);
    ops.map(g, g, memory.inputs, {.act = Act::gelu_tanh});
    linear(ops, rows, y, g, out_);
  }

 private:
  Linear gate_, out_;
};

}  // namespace

LayerInputs::LayerInputs(Loader& loader, const Hyper& hyper)
    : layers_(hyper.layers), each_(read_columns(loader)), width_root_(root(hyper.width)) {
  if (!each_) return;
  const Loader::Part part = loader.embed();
  table_ = loader.lookup("per_layer_token_embd.weight", hyper.vocabulary, columns());
  from_row_ = read_joint(loader, "per_layer_model_proj", columns(), hyper.width, {});
  norm_ = read_norm(loader, "per_layer_proj_norm", each_, hyper);
  norm_.heads = layers_;
}

// (the norm of what the row gives + the table's row * root of a layer's columns) / root of 2
void LayerInputs::embed(Ops& ops, Tensor carried, int64_t first, Tensor x, const Rows& rows) const {
  if (!each_) return;
  Scope scope(ops);
  const Tensor inputs = carried.columns(first, columns()), from_row = scope.like(inputs);
  ops.gather(inputs, table_, rows.ids);
  linear(ops, rows, from_row, x, from_row_);
  ops.map(from_row, from_row, {}, {.outer = 1 / width_root_});
  ops.norm(from_row, from_row, norm_);
  ops.map(inputs, inputs, from_row, {.adds = true, .outer = root(each_)});
  ops.map(inputs, inputs, {}, {.outer = 1 / root(2)});
}

Tensor LayerInputs::of_layer(Tensor carried, int64_t first, int64_t layer) const {
  return each_ ? carried.columns(first + layer * each_, each_) : Tensor{};
}

Mixing read_layer_input(Loader& loader, int64_t layer, const Hyper& hyper) { return std::make_shared<LayerInput>(loader, layer, hyper); }

}  // namespace lt::model
