// A layer: steps, one after another, each of which adds to the rows what its mixers make of them.
#pragma once
#include <optional>
#include <vector>

#include "model/loader.h"
#include "model/mixer.h"

namespace lt::model {

// scale * after(mixer(before(x))). Norms are left out where there are none.
struct Branch {
  std::optional<Norm> before = {};
  Mixing mixer = {};
  std::optional<Norm> after = {};
  float scale = 1;
  std::optional<Norm> sum = {};  // of x when the step is added to it, in the step's last branch (post-norm)
};

// Branches that read the same x; their results are added to it in order.
struct Step : std::vector<Branch> {
  using std::vector<Branch>::vector;
  bool apart = false;  // it may be computed on another backend than the rest of its layer
};

// The step that `read` gives: where it is of experts, one that may be computed elsewhere, with all of its weights.
template <class F>
Step maybe_apart(Loader& loader, int64_t layer, bool experts, F read) {
  if (!experts) return read();
  const Loader::Part part = loader.experts(layer);
  Step step = read();
  step.apart = true;
  return step;
}

class Layer {
 public:
  explicit Layer(std::vector<Step> steps);
  const LayerShape& shape() const { return shape_; }
  int64_t heads() const { return heads_; }
  void run(Ops& ops, Tensor x, const LayerMemory& memory, const Rows& rows) const;
  // Steps that go together, apart or not.
  int64_t parts() const { return std::ssize(parts_); }
  bool apart(int64_t part) const { return steps_[parts_[static_cast<size_t>(part)].first].apart; }
  void run_part(Ops& ops, int64_t part, Tensor x, const LayerMemory& memory, const Rows& rows) const;

 private:
  struct Part {
    size_t first, last;  // steps
    int64_t state;       // floats of the layer's state that steps before have
  };
  void run(Ops& ops, const Part& part, Tensor x, const LayerMemory& memory, const Rows& rows) const;

  std::vector<Step> steps_;
  std::vector<Part> parts_;
  LayerShape shape_;
  int64_t heads_ = 0;
};

}  // namespace lt::model
