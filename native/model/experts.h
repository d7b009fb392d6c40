// A mixture of experts: each row goes through the few feed-forwards that a router chooses for it, and through a shared one where there is.
#pragma once
#include <optional>

#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

struct ExpertsOptions {
  Router router = {};
  Map map = {.act = Act::silu};
  std::string columns_key = "expert_feed_forward_length";  // columns inside an expert
  bool biased = false;                                     // exp_probs_b is added to choose, not to weigh
  bool scales_input = false;                               // a weight scales what its expert reads, not what that gives
  int64_t shared = 0;                                      // columns inside the shared expert; 0: there is none
  bool shared_gate = false;                                // its result is scaled by a sigmoid of ffn_gate_inp_shexp
  bool fused = false;                                      // ffn_gate_up_exps has of each expert the gate and then what it scales
  bool scaled = false;                                     // ffn_down_exps.scale: a factor on each expert's weight
  std::optional<Norm> router_norm = {}, expert_norm = {};  // of what each reads, where the layer's norm is not for both
};

int64_t read_expert_count(const Loader& loader);

// What the file's keys say of how experts are chosen and weighed; the gating `otherwise` where they do not say that.
Router read_router(const Loader& loader, Router::Gating otherwise);

// Columns inside all shared experts, of which each is as wide as the others.
int64_t read_shared_columns(const Loader& loader);

Mixing read_experts(Loader& loader, int64_t layer, const Hyper& hyper, const ExpertsOptions& options);

}  // namespace lt::model
