#include "model/windows.h"

#include "model/hyper.h"

namespace lt::model {

bool has_window(const Loader& loader, int64_t layer, int64_t period) {
  const char* key = "attention.sliding_window_pattern";
  if (loader.has_list(key)) return loader.per_layer(key, layer, 0, 1) != 0;
  const int64_t n = loader.integer(key, 1, most_layers, period);
  return layer % n != n - 1;
}

}  // namespace lt::model
