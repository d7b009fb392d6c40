// eurobert: EuroBERT. llama's layers as an encoder: rows see all of their text.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("eurobert", [](Loader& f) {
  if (f.flag("attention.causal", false)) f.refuse("attention.causal", "false", "true");
  return decoder(f, {.ends = {.head = false, .looks_ahead = true}});
});

}  // namespace lt::model
