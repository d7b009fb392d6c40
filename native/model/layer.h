// A layer: steps, one after another, each of which adds to the rows what its mixers make of them.
#pragma once
#include <optional>
#include <vector>

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
using Step = std::vector<Branch>;

class Layer {
 public:
  explicit Layer(std::vector<Step> steps);
  const LayerShape& shape() const { return shape_; }
  int64_t heads() const { return heads_; }
  void run(Ops& ops, Tensor x, const LayerMemory& memory, const Rows& rows) const;

 private:
  std::vector<Step> steps_;
  LayerShape shape_;
  int64_t heads_ = 0;
};

}  // namespace lt::model
