// ernie4_5: Baidu ERNIE 4.5, dense. As llama, with heads of their own width.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("ernie4_5", [](Loader& f) { return decoder(f, {.rope = {.neighbours = true}}); });

}  // namespace lt::model
