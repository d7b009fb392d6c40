// rwkv7: RWKV 7 (Goose). Behind each row travel the values of the first layer, of which the others mix in a part.
#include "model/decoder.h"
#include "model/rwkv.h"

namespace lt::model {
namespace {

class Rwkv7 : public Model {
 public:
  explicit Rwkv7(Loader& f) : Rwkv7(f, read_hyper(f, true)) {}

  const Shape& shape() const override { return shape_; }
  void embed(Ops& ops, Tensor x, const Rows& rows) const override { ends_.embed(ops, row(x), rows); }
  void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override {
    const auto at = static_cast<size_t>(i);
    layers_[at].run(ops, row(x), {&memory.kv[at], {memory.states[at]}, x.columns(shape_.width, shape_.width)}, rows);
  }
  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const override { ends_.hidden(ops, h, row(x), rows); }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const override { ends_.head(ops, logits, h, rows); }

 private:
  Rwkv7(Loader& f, const Hyper& h) : ends_(f, h, {.embedding_norm = "token_embd_norm"}), shape_(ends_.shape()) {
    check_rwkv(f);
    shape_.carried += h.width;
    for (int64_t i = 0; i < h.layers; i++) {
      const Loader::Part part = f.layer(i);
      const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
      layers_.emplace_back(
          std::vector<Step>{{{norm("attn_norm"), read_time_mix7(f, i, h)}}, {{norm("attn_norm_2"), read_channel_mix7(f, i, h)}}});
      shape_.layers.push_back(layers_.back().shape());
    }
  }

  Tensor row(Tensor carried) const { return carried.columns(0, shape_.width); }

  Ends ends_;
  Shape shape_;
  std::vector<Layer> layers_;
};

LT_MODEL("rwkv7", [](Loader& f) -> std::unique_ptr<Model> { return std::make_unique<Rwkv7>(f); });

}  // namespace
}  // namespace lt::model
