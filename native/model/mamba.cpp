// mamba, mamba2: models of state spaces alone. FalconMamba (ssm.dt_b_c_rms) norms steps, B and C without weights.
#include "model/decoder.h"
#include "model/state_space.h"

namespace lt::model {
namespace {

constexpr float rates_eps = 1e-6f;  // mixer_rms_eps of FalconMamba's published configurations, which the file has not

std::unique_ptr<Model> of_state_spaces(Loader& f, Mixing (*mixer)(Loader& f, int64_t i, const Hyper& h)) {
  const Hyper h = read_hyper(f);
  return decoder(f, h, {},
                 [&](int64_t i) -> std::vector<Step> { return {{{read_norm(f, block(i) + "attn_norm", h.width, h), mixer(f, i, h)}}}; });
}

Mixing read_mamba_layer(Loader& f, int64_t i, const Hyper& h) {
  if (!f.flag("ssm.dt_b_c_rms", false)) return read_mamba(f, i, h, {});
  return read_mamba(f, i, h, {.norms = MambaOptions::Norms::plain, .eps = rates_eps});
}

LT_MODEL("mamba", [](Loader& f) { return of_state_spaces(f, read_mamba_layer); });
LT_MODEL("mamba2",
         [](Loader& f) { return of_state_spaces(f, [](Loader& g, int64_t i, const Hyper& h) { return read_mamba2(g, i, h, {}); }); });

}  // namespace
}  // namespace lt::model
