// falcon-h1: Falcon-H1. Attention and Mamba 2 beside one another behind one norm, then a feed-forward. A GGUF file's weights hold the many
// multipliers; of a folder, which is run as it lies, they are keys. The second norm's name has no ".weight".
#include "model/decoder.h"
#include "model/state_space.h"

namespace lt::model {
namespace {

std::unique_ptr<Model> falcon_h1(Loader& f) {
  const Hyper h = read_hyper(f);
  const auto scale = [&](const char* key) { return static_cast<float>(f.number(key, -1e6, 1e6, 1)); };
  const AttentionOptions attention{.scale = f.number("attention.scale", 0, 1e6, 0),
                                   .rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {})};
  const Mamba2Options mamba{.normed = f.has(block(0) + "ssm_norm.weight"),  // no key says it
                            .scales = {.gate = scale("ssm.gate_scale"),
                                       .columns = scale("ssm.column_scale"),
                                       .b = scale("ssm.b_scale"),
                                       .c = scale("ssm.c_scale"),
                                       .steps = scale("ssm.step_scale")}};
  const FeedForwardOptions feed{.map = {.act = Act::silu, .inner = scale("feed_forward.gate_scale")}};
  const EndOptions ends{.embedding_scale = scale("embedding_scale"), .logit_scale = scale("logit_scale")};
  const float attended = scale("attention.output_scale"), scanned = scale("ssm.output_scale"), fed = scale("feed_forward.output_scale");
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    const Norm first = read_norm(f, block(i) + "attn_norm", h.width, h),
               second{.w = f.vector(block(i) + "ffn_norm", h.width), .eps = h.eps};
    return {{{first, read_attention(f, i, h, attention), {}, attended}, {first, read_mamba2(f, i, h, mamba), {}, scanned}},
            {{second, read_feed_forward(f, i, h, feed), {}, fed}}};
  });
}

LT_MODEL("falcon-h1", falcon_h1);

}  // namespace
}  // namespace lt::model
