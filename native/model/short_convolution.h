// A gated short convolution as a mixer (LFM2): out(c * conv(b * x)), where `in` makes b, c and x, without an activation.
#pragma once
#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

Mixing read_short_convolution(Loader& loader, int64_t layer, const Hyper& hyper);

}  // namespace lt::model
