#include "model/short_convolution.h"

#include "model/linear.h"

namespace lt::model {
namespace {

class ShortConvolution : public Mixer {
 public:
  ShortConvolution(Loader& loader, int64_t layer, const Hyper& hyper) {
    const std::string b = block(layer) + "shortconv.";
    Division& d = loader.division();
    const Boundaries cut = cut_columns(loader, b + "out_proj", hyper.width);
    const Range own = d.mine(cut, hyper.width);
    const auto third = [&](int64_t i) {
      return read_linear(loader, b + "in_proj", 3 * hyper.width, hyper.width, Range{i * hyper.width + own.first, own.count});
    };
    before_ = third(0), behind_ = third(1), in_ = third(2);
    conv_.w = loader.floats(b + "conv.weight", hyper.width, loader.integer("shortconv.l_cache", 2, 64), own);
    out_ = read_joint(loader, b + "out_proj", hyper.width, hyper.width, cut);
    d.note(cut ? "short convolution's columns " + cut.text() : "short convolution on every rank");
  }

  LayerShape keeps() const override { return {.state = (conv_.w.cols - 1) * conv_.w.rows}; }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor before = scope.f32(x.rows, conv_.w.rows), behind = scope.like(before), in = scope.like(before);
    linear(ops, rows, x, {{before, before_}, {behind, behind_}, {in, in_}});
    ops.map(in, before, in, {});
    ops.conv(before, in, memory.state, conv_, rows);
    ops.map(before, behind, before, {});
    linear(ops, rows, y, before, out_);
  }

 private:
  Linear before_, behind_, in_, out_;  // what gates before and behind the convolution, and what passes through it
  Conv conv_;
};

}  // namespace

Mixing read_short_convolution(Loader& loader, int64_t layer, const Hyper& hyper) {
  return std::make_shared<ShortConvolution>(loader, layer, hyper);
}

}  // namespace lt::model
