// Which layers of a model have a window.
#pragma once
#include "model/loader.h"

namespace lt::model {

// As attention.sliding_window_pattern says: a list, or a number n, of n layers all but the last, as `period` does where it says nothing.
bool has_window(const Loader& loader, int64_t layer, int64_t period);

}  // namespace lt::model
