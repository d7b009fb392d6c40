// jamba: Jamba 1.x. Layers of Mamba, whose steps, B and C are normed, with one of attention now and then, which knows no positions;
// every other feed-forward is of experts, whose weights are not normalised.
#include "model/decoder.h"
#include "model/state_space.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> jamba(Loader& f) {
  const Hyper h = read_hyper(f);
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    // The file does not say which layers have experts: those with a router.
    const bool sparse = f.has(block(i) + "ffn_gate_inp.weight");
    const Mixing mix =
        attends(f, i) ? read_attention(f, i, h, {}) : read_mamba(f, i, h, {.norms = MambaOptions::Norms::weighed, .eps = h.eps});
    return {{{norm("attn_norm"), mix}}, maybe_apart(f, i, sparse, [&]() -> Step {
              return {{norm("ffn_norm"),
                       sparse ? read_experts(f, i, h, {.columns_key = "feed_forward_length"}) : read_feed_forward(f, i, h, {})}};
            })};
  });
}

LT_MODEL("jamba", jamba);

}  // namespace
}  // namespace lt::model
