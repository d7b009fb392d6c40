#include "model/shared_keys.h"

#include <algorithm>

namespace lt::model {

bool slides_by_list(const Loader& loader, int64_t layer) { return loader.per_layer("attention.sliding_window_pattern", layer, 0, 1) != 0; }

int64_t keys_of_kind(const Loader& loader, int64_t layer, int64_t layers) {
  const char* key = "attention.shared_kv_layers";
  const int64_t shared = loader.integer(key, 0, layers - 1, 0);
  int64_t from = std::min(layer, layers - shared - 1);
  while (from >= 0 && slides_by_list(loader, from) != slides_by_list(loader, layer)) from--;
  if (from < 0) loader.refuse(key, "fewer, so that a layer of each kind has keys of its own", std::to_string(shared));
  return from;
}

}  // namespace lt::model
