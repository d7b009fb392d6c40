#include "model/feed_forward.h"

#include <algorithm>

#include "model/linear.h"

namespace lt::model {
namespace {

// In blocks of the weight that reads the columns, and in 32 where there are enough, as kernels like them.
Boundaries cut_columns(const Loader& loader, const std::string& down, int64_t columns) {
  const int ranks = loader.division().size;
  for (const int64_t unit : {std::max<int64_t>(loader.block_of(down), 32), loader.block_of(down), int64_t{1}})
    if (const Boundaries c = cut(columns, unit, ranks)) return c;
  return {};
}

class FeedForward : public Mixer {
 public:
  FeedForward(Loader& loader, int64_t layer, const Hyper& hyper, const FeedForwardOptions& options)
      : map_(options.map), gated_(options.gated), xielu_(options.xielu) {
    const std::string b = block(layer), gate = b + "ffn_gate" + options.suffix, up = b + "ffn_up" + options.suffix,
                      down = b + "ffn_down" + options.suffix;
    const int64_t columns = options.columns ? options.columns : loader.per_layer("feed_forward_length", layer, 1, most_width);
    Division& d = loader.division();
    const Boundaries cut = cut_columns(loader, down + ".weight", columns);
    const Range own = d.mine(cut, columns);
    if (options.fused) {
      gate_ = read_linear(loader, up, 2 * columns, hyper.width, own);
      up_ = read_linear(loader, up, 2 * columns, hyper.width, Range{columns + own.first, own.count});
    } else {
      if (gated_) gate_ = read_linear(loader, gate, columns, hyper.width, own);
      up_ = read_linear(loader, up, columns, hyper.width, own);
    }
    down_ = read_joint(loader, down, hyper.width, columns, cut);
    const std::string what = options.suffix.empty() ? "feed-forward " : "shared expert ";
    d.note(what + (cut ? cut.text() + (down_.sums ? "" : " (gathered)") : "on every rank"));
  }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory&, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor f = scope.f32(x.rows, up_.w.rows);
    if (gated_) {
      gated(ops, rows, f, x, gate_, up_, map_);
    } else {
      linear(ops, rows, x, {{f, up_}});
      xielu_ ? bend(ops, f) : ops.map(f, f, {}, map_);
    }
    linear(ops, rows, y, f, down_);
  }

 private:
  void bend(Ops& ops, Tensor f) const {
    Scope scope(ops);
    const Tensor sum = scope.like(f), square = scope.like(f);
    ops.map(square, f, {}, {.act = Act::relu2, .outer = xielu_->positive});
    ops.map(sum, f, square, {.act = Act::elu, .adds = true, .outer = xielu_->negative});
    ops.map(f, f, sum, {.adds = true, .outer = xielu_->linear});
  }

  Map map_;
  bool gated_;
  std::optional<Xielu> xielu_;
  Linear gate_, up_, down_;
};

}  // namespace

Mixing read_feed_forward(Loader& loader, int64_t layer, const Hyper& hyper, const FeedForwardOptions& options) {
  return std::make_shared<FeedForward>(loader, layer, hyper, options);
}

}  // namespace lt::model
