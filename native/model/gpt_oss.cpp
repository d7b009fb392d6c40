// gpt-oss: attention with sinks, a window in every other layer (the first has it), biases everywhere, experts and router too. The router
// takes the softmax over the chosen scores. The norm before the experts is called post_attention_norm.
#include "model/decoder.h"

namespace lt::model {
namespace {

// swiglu_alpha and swiglu_limit of the published configuration, which the file has not.
constexpr Map swiglu{.act = Act::swiglu, .inner = 1.702f, .limit = 7};

std::unique_ptr<Model> gpt_oss(Loader& f) {
  const Hyper h = read_hyper(f);
  const int64_t window = f.integer("attention.sliding_window", 1, most_context);
  // "truncate": false in the published configuration: YaRN's range is not rounded. The file does not say so.
  const Rope rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {.truncate = false});
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const AttentionOptions attention{.sinks = true, .window = i % 2 == 0 ? window : 0, .rope = rope};
    return {{{norm("attn_norm"), read_attention(f, i, h, attention)}}, maybe_apart(f, i, true, [&]() -> Step {
              return {{norm("post_attention_norm"), read_experts(f, i, h, {.router = {.gating = Router::Gating::chosen}, .map = swiglu})}};
            })};
  });
}

LT_MODEL("gpt-oss", gpt_oss);

}  // namespace
}  // namespace lt::model
