#include "model/layer.h"

#include <algorithm>
#include <array>

namespace lt::model {
namespace {

constexpr size_t most_branches = 4;

bool same(const Norm& a, const Norm& b) { return a.w.data == b.w.data && a.b.data == b.b.data && a.eps == b.eps && a.centred == b.centred; }

// One pass of a layer. What a step adds waits for the next one, whose norm and the sum are one call where there is one to add.
class Pass {
 public:
  // state: floats of the layer's state that steps before have.
  Pass(Ops& ops, Scope& scope, Tensor x, const LayerMemory& memory, const Rows& rows, int64_t state)
      : ops_(ops), scope_(scope), x_(x), normed_(scope.like(x)), memory_(memory), rows_(rows), state_(state) {}

  void run(const Step& step) {
    const std::optional<Norm>& first = step[0].before;
    if (first)
      sum_and_norm(*first);
    else
      sum();
    for (size_t i = 0; i < step.size(); i++) {
      const std::optional<Norm>& norm = step[i].before;
      if (i > 0 && norm && !(step[i - 1].before && same(*norm, *step[i - 1].before))) ops_.norm(normed_, x_, *norm);
      mix(step[i], result(i), norm ? normed_ : x_);
    }
    waiting_ = &step;
  }

  // x with all that waits.
  void sum() {
    for (size_t i = 0; waiting_ && i < waiting_->size(); i++) add(i);
    if (waiting_ && waiting_->back().sum) ops_.norm(x_, x_, *waiting_->back().sum);
    waiting_ = nullptr;
  }

 private:
  void sum_and_norm(const Norm& norm) {
    const bool one = waiting_ && waiting_->size() == 1 && (*waiting_)[0].scale == 1 && !(*waiting_)[0].sum;
    if (one) {
      ops_.add_norm(normed_, x_, results_[0], norm);
      waiting_ = nullptr;
    } else {
      sum();
      ops_.norm(normed_, x_, norm);
    }
  }

  void mix(const Branch& b, Tensor y, Tensor x) {
    LayerMemory memory = memory_;
    const int64_t floats = b.mixer->keeps().state;
    if (floats > 0) memory.state.slots = memory_.state.slots.columns(state_, floats);
    state_ += floats;
    b.mixer->run(ops_, y, x, memory, rows_);
    if (b.after) ops_.norm(y, y, *b.after);
  }

  void add(size_t i) {
    const float scale = (*waiting_)[i].scale;
    if (scale == 1)
      ops_.add(x_, x_, results_[i]);
    else
      ops_.map(x_, results_[i], x_, {.adds = true, .outer = scale});
  }

  Tensor result(size_t i) {
    if (!results_[i]) results_[i] = scope_.like(x_);
    return results_[i];
  }

  Ops& ops_;
  Scope& scope_;
  Tensor x_, normed_;
  const LayerMemory& memory_;
  const Rows& rows_;
  std::array<Tensor, most_branches> results_;  // no list: a pass takes no memory
  const Step* waiting_ = nullptr;
  int64_t state_;  // floats of the layer's state that mixers before have
};

}  // namespace

Layer::Layer(std::vector<Step> steps) : steps_(std::move(steps)) {
  for (size_t i = 0; i < steps_.size(); i++) {
    const Step& s = steps_[i];
    if (i == 0 || s.apart != steps_[i - 1].apart) parts_.push_back({i, i, shape_.state});
    parts_.back().last++;
    if (s.empty() || s.size() > most_branches) throw Error(Code::internal, "a step of a layer has too many branches, or none");
    for (const Branch& b : s) {
      const LayerShape keeps = b.mixer->keeps();
      if (keeps.kv) shape_.kv = keeps.kv;
      if (keeps.kv_of >= 0) shape_.kv_of = keeps.kv_of;
      shape_.state += keeps.state;
      heads_ = std::max(heads_, b.mixer->heads());
    }
  }
}

void Layer::run(Ops& ops, Tensor x, const LayerMemory& memory, const Rows& rows) const { run(ops, {0, steps_.size(), 0}, x, memory, rows); }

void Layer::run_part(Ops& ops, int64_t part, Tensor x, const LayerMemory& memory, const Rows& rows) const {
  run(ops, parts_[static_cast<size_t>(part)], x, memory, rows);
}

void Layer::run(Ops& ops, const Part& part, Tensor x, const LayerMemory& memory, const Rows& rows) const {
  Scope scope(ops);
  Pass pass(ops, scope, x, memory, rows, part.state);
  for (size_t i = part.first; i < part.last; i++) pass.run(steps_[i]);
  pass.sum();
}

}  // namespace lt::model
