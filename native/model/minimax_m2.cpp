// minimax-m2: MiniMax-M2. Queries and keys are normed as whole rows, then a part of each head is rotated. Experts are chosen by sigmoids
// with a bias and weighed by their share of the chosen ones', which the file does not say.
#include "model/decoder.h"

namespace lt::model {

LT_MODEL("minimax-m2", [](Loader& f) {
  Router router = read_router(f, Router::Gating::sigmoid);
  router.normalize = true;
  return decoder(f, {.attention = {.query_key_norm = NormOf::row}, .experts = ExpertsOptions{.router = router, .biased = true}});
});

}  // namespace lt::model
