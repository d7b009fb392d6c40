// apertus: Swiss AI Apertus. As qwen3, but the feed-forward has no gate and a function whose shape each layer has learned.
#include <cmath>

#include "model/decoder.h"

namespace lt::model {
namespace {

// The file has what softplus makes positive. Its eps, which bounds the exponential's argument from above, is below what shows in floats.
Xielu read_xielu(const Loader& f, int64_t i) {
  const auto number = [&](const char* key) { return f.listed(key, i, -1e3, 1e3); };
  const auto softplus = [](double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); };
  if (std::fabs(number("xielu.eps")) > 1e-5) f.refuse("xielu.eps", "a number near 0", std::to_string(number("xielu.eps")));
  const double beta = number("xielu.beta"), negative = beta + softplus(number("xielu.alpha_n"));
  return {.positive = static_cast<float>(softplus(number("xielu.alpha_p"))),
          .negative = static_cast<float>(negative),
          .linear = static_cast<float>(beta - negative)};
}

std::unique_ptr<Model> apertus(Loader& f) {
  const Hyper h = read_hyper(f);
  const Rope rope = read_rope(f, read_rotary(f, read_heads(f, 0, h).key_dim), {});
  return decoder(f, h, {}, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{norm("attn_norm"), read_attention(f, i, h, {.query_key_norm = NormOf::head, .rope = rope})}},
            {{norm("ffn_norm"), read_feed_forward(f, i, h, {.gated = false, .xielu = read_xielu(f, i)})}}};
  });
}

LT_MODEL("apertus", apertus);

}  // namespace
}  // namespace lt::model
