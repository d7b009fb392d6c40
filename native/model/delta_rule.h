// The gated delta rule (Yang et al. 2024) as a mixer: q, k and v through a short convolution, a matrix a head as state, a gated norm.
#pragma once
#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

struct DeltaOptions {
  bool tiled = false;   // value head h reads key head h % key heads; else they lie in blocks
  bool joined = false;  // ssm_ba has, by key head, the rates of its value heads and then their decays; else ssm_beta and ssm_alpha
};

Mixing read_delta_rule(Loader& loader, int64_t layer, const Hyper& hyper, const DeltaOptions& options);

}  // namespace lt::model
