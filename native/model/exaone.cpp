// exaone: EXAONE 3 and 3.5. As llama, but rotary pairs are a half apart.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("exaone", [](Loader& f) { return decoder(f, {}); });

}  // namespace lt::model
