// Selective state spaces as mixers: Mamba (Gu & Dao 2023) and Mamba 2 (Dao & Gu 2024). A short convolution, then a state for each inner
// column, which forgets and takes in by steps that each row chooses; the result is gated.
#pragma once
#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

// Every inner column is a head. Steps, B and C come from a small projection of the convolved columns.
struct MambaOptions {
  enum class Norms : uint8_t { none, plain, weighed };
  Norms norms = Norms::none;  // of steps, B and C: without weights, or by ssm_dt_norm, ssm_b_norm and ssm_c_norm
  float eps = 0;              // of those
};
Mixing read_mamba(Loader& loader, int64_t layer, const Hyper& hyper, const MambaOptions& options);

// What the input projection's results are multiplied by: the gate, the columns, B, C, the steps.
struct Mamba2Scales {
  float gate = 1, columns = 1, b = 1, c = 1, steps = 1;
};

// Heads of several columns in groups, each of which has one B and one C. All of them and the gate come from one projection.
struct Mamba2Options {
  bool normed = true;  // after the gate, each group by itself, by ssm_norm
  Mamba2Scales scales = {};
};
Mixing read_mamba2(Loader& loader, int64_t layer, const Hyper& hyper, const Mamba2Options& options);

// PLaMo 2's: heads as in Mamba 2, of one group; steps, one a head, B and C come of the convolved columns, as in Mamba, and are normed.
Mixing read_headed_mamba(Loader& loader, int64_t layer, const Hyper& hyper);

}  // namespace lt::model
