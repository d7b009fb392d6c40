#include "model/feed_forward.h"

#include <optional>

#include "model/row_mean.h"

namespace lt::model {
namespace {

class FeedForward : public Mixer {
 public:
  FeedForward(Loader& loader, int64_t layer, const Hyper& hyper, const FeedForwardOptions& options)
      : map_(options.map), gated_(options.gated), sparse_(options.open_above > -INFINITY), xielu_(options.xielu) {
    const std::string b = block(layer), gate = b + "ffn_gate" + options.suffix, up = b + "ffn_up" + options.suffix,
                      down = b + "ffn_down" + options.suffix;
    const int64_t columns = options.columns ? options.columns : loader.per_layer("feed_forward_length", layer, 1, most_width);
    Division& d = loader.division();
    const Boundaries cut = cut_columns(loader, down, columns);
    const Range own = d.mine(cut, columns);
    if (!options.gated) {
      up_ = read_linear(loader, up, columns, hyper.width, own);
    } else if (sparse_) {  // every rank has all gates
      gate_ = read_joint(loader, gate, columns, hyper.width, {});
      up_ = read_linear(loader, up, columns, hyper.width, own);
      first_ = own.first;
      less_mean_ = RowMean(loader, columns, -1), less_deviations_ = RowMean(loader, columns, -options.open_above);
    } else if (options.fused) {
      gate_ = read_linear(loader, up, 2 * columns, hyper.width, own);
      up_ = read_linear(loader, up, 2 * columns, hyper.width, Range{columns + own.first, own.count});
    } else {
      gate_ = read_linear(loader, gate, columns, hyper.width, own);
      up_ = read_linear(loader, up, columns, hyper.width, own);
    }
    if (options.inner_norm) inner_norm_ = read_norm(loader, b + "ffn_sub_norm", columns, hyper), divided_ = bool(cut);
    down_ = read_joint(loader, down, hyper.width, columns, inner_norm_ ? Boundaries{} : cut);
    const std::string what = options.suffix.empty() ? "feed-forward " : "shared expert ";
    d.note(what + (cut ? cut.text() + (down_.sums ? "" : " (gathered)") : "on every rank"));
  }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory&, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor f = scope.f32(x.rows, up_.w.rows);
    if (sparse_) {
      run_sparse(ops, f, x, rows);
    } else if (gated_) {
      gated(ops, rows, f, x, gate_, up_, map_);
    } else {
      linear(ops, rows, x, {{f, up_}});
      xielu_ ? bend(ops, f) : ops.map(f, f, {}, map_);
    }
    linear(ops, rows, y, inner_norm_ ? whole_norm(ops, scope, f, divided_, *inner_norm_) : f, down_);
  }

 private:
  void run_sparse(Ops& ops, Tensor f, Tensor x, const Rows& rows) const {
    Scope scope(ops);
    const Tensor gate = scope.f32(x.rows, less_mean_.columns()), normed = scope.like(gate), less = scope.f32(x.rows, 1);
    linear(ops, rows, gate, x, gate_);
    linear(ops, rows, x, {{f, up_}});
    less_mean_.mean(ops, rows, less, gate);
    ops.add(gate, gate, less);
    less_deviations_.root_square(ops, rows, less, normed, gate);
    ops.add(gate, gate, less);
    ops.map(gate, gate, {}, {.act = Act::relu});
    ops.map(f, gate.columns(first_, f.cols), f, map_);
  }

  void bend(Ops& ops, Tensor f) const {
    Scope scope(ops);
    const Tensor sum = scope.like(f), square = scope.like(f);
    ops.map(square, f, {}, {.act = Act::relu2, .outer = xielu_->positive});
    ops.map(sum, f, square, {.act = Act::elu, .adds = true, .outer = xielu_->negative});
    ops.map(f, f, sum, {.adds = true, .outer = xielu_->linear});
  }

  Map map_;
  bool gated_, sparse_, divided_ = false;
  std::optional<Norm> inner_norm_;
  int64_t first_ = 0;  // of this rank's columns
  RowMean less_mean_, less_deviations_;
  std::optional<Xielu> xielu_;
  Linear gate_, up_, down_;
};

}  // namespace

Mixing read_feed_forward(Loader& loader, int64_t layer, const Hyper& hyper, const FeedForwardOptions& options) {
  return std::make_shared<FeedForward>(loader, layer, hyper, options);
}

}  // namespace lt::model
