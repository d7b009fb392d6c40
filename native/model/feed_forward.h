// The feed-forward: down(act(gate x) * up x), or down(act(up x)).
#pragma once
#include <optional>

#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

// positive * relu(x)^2 + negative * elu(x) + linear * x (Huang & Schlag 2024).
struct Xielu {
  float positive = 0, negative = 0, linear = 1;
};

struct FeedForwardOptions {
  Map map = {.act = Act::silu};
  bool gated = true;                // else ffn_up alone goes through the activation
  std::optional<Xielu> xielu = {};  // without a gate: in place of map
  bool fused = false;               // ffn_up has the gate and then what it scales
  std::string suffix = {};          // of names: "_shexp"
  int64_t columns = 0;              // inside; 0: as feed_forward_length says
};

Mixing read_feed_forward(Loader& loader, int64_t layer, const Hyper& hyper, const FeedForwardOptions& options);

}  // namespace lt::model
