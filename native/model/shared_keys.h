// Layers of two kinds, with a window and without, of which the last ones read the keys and values of earlier ones (Gemma 3n, Gemma 4).
#pragma once
#include "model/loader.h"

namespace lt::model {

bool slides_by_list(const Loader& loader, int64_t layer);

// The layer whose keys and values layer `layer` reads: itself, or the last one of its kind that has its own.
int64_t keys_of_kind(const Loader& loader, int64_t layer, int64_t layers);

}  // namespace lt::model
