// Control vectors: a direction a layer, added to its results where rows ask for it.
#include "model/adapters.h"
#include "model/linear.h"

namespace lt::model {
namespace {

class Steered : public Model {
 public:
  Steered(std::unique_ptr<Model> model, std::vector<Tensor> directions) : model_(std::move(model)), directions_(std::move(directions)) {}

  const Shape& shape() const override { return model_->shape(); }
  const Readout* readout() const override { return model_->readout(); }
  void embed(Ops& ops, Tensor x, const Rows& rows) const override { model_->embed(ops, x, rows); }
  void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override {
    model_->layer(ops, i, x, memory, rows);
    steer(ops, i, x, rows);
  }
  int64_t parts(int64_t i) const override { return model_->parts(i); }
  bool apart(int64_t i, int64_t part) const override { return model_->apart(i, part); }
  void part(Ops& ops, int64_t i, int64_t part, Tensor x, const Memory& memory, const Rows& rows) const override {
    model_->part(ops, i, part, x, memory, rows);
    if (part + 1 == parts(i)) steer(ops, i, x, rows);
  }
  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const override { model_->hidden(ops, h, x, rows); }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const override { model_->head(ops, logits, h, rows); }

 private:
  void steer(Ops& ops, int64_t i, Tensor x, const Rows& rows) const {
    const AdaptedRows& a = rows.adapted;
    const Tensor& directions = directions_[static_cast<size_t>(i)];
    if (!a || !directions) return;
    Scope scope(ops);
    const bool all = a.count() == x.rows;
    const Tensor sum = all ? x : scope.f32(a.count(), x.cols), direction = scope.like(sum);
    if (!all) ops.gather(sum, x, a.at);
    for (int64_t slot = 0; slot < a.slots(); slot++) {
      ops.gather(direction, directions, a.slot(a.ids, slot));
      ops.map(direction, direction, a.slot(a.weights, slot), {});
      ops.add(sum, sum, direction);
    }
    if (!all) ops.put(x, sum, a.at);
  }

  std::unique_ptr<Model> model_;
  std::vector<Tensor> directions_;  // by layer: f32 (adapters + 1, width), the last row of zeros; or none
};

}  // namespace

std::unique_ptr<Model> steered(std::unique_ptr<Model> model, Loader& loader) {
  AdapterTensors* adapters = loader.adapters();
  if (!adapters || !adapters->steers()) return model;
  const Shape& s = model->shape();
  if (s.looks_ahead || s.encoder > 0 || s.carried != s.width)
    throw Error(Code::unsupported, "control vectors: expected a decoder whose layers pass on one row of " + std::to_string(s.width) +
                                       " columns a token, which architecture " + loader.architecture() + " is not");
  std::vector<Tensor> directions;
  for (int64_t i = 0; i < s.count(); i++) {
    const Loader::Part part = model->apart(i, model->parts(i) - 1) ? loader.experts(i) : loader.layer(i);
    directions.push_back(loader.directions(i, s.width));
  }
  return std::make_unique<Steered>(std::move(model), std::move(directions));
}

}  // namespace lt::model
