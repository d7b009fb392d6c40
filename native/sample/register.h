// How a sampler's file makes itself known, and what the Chain hands it.
#pragma once
#include "sample/sampler.h"

namespace lt::sample {

// place: where in default_order() it stands, ascending.
struct RegisterSampler {
  RegisterSampler(const SamplerEntry& entry, int place);
};

}  // namespace lt::sample
