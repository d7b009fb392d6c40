// Qwen 1.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  const int64_t width = to.of("width"), both = to.of("feed_forward");
  if (width % to.heads || both % 2)
    config.fail("num_attention_heads", "expected a divisor of hidden_size, and intermediate_size to be even");
  to.head_dim = width / to.heads;
  to.size("half", both / 2, "intermediate_size / 2");
  to.size("qkv", 3 * width, "3 x hidden_size");
  to.number("rope.freq_base", config.number("rotary_emb_base", 1.001, 1e12, 10000));
  const double epsilon = config.number("layer_norm_epsilon", 0, 1, 1e-6);
  to.number("attention.layer_norm_epsilon", epsilon);  // which has no meaning here, and is there in other converters' files
  to.number("attention.layer_norm_rms_epsilon", epsilon);
  config.expect_number("kv_channels", static_cast<double>(to.head_dim));
  config.expect_number("rotary_pct", 1);
  config.expect_flag("no_bias", true);
  // Both concern texts longer than those of training.
  if (config.integer("seq_length", 1, 1 << 30, 1 << 30) < config.integer("max_position_embeddings", 1, 1 << 30))
    for (const char* key : {"use_dynamic_ntk", "use_logn_attn"}) config.expect_flag(key, false);
}

const Architecture qwen{
    .name = "qwen",
    .classes = {"QWenLMHeadModel"},
    .describe = describe,
    .tensors =
        {
            {"transformer.wte.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
            {"transformer.ln_f.weight", "output_norm.weight", everywhere, {"width"}},
            {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
            {"transformer.h.{}.ln_1.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
            {"transformer.h.{}.ln_2.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
            {"transformer.h.{}.attn.c_attn.weight", "blk.{}.attn_qkv.weight", everywhere, {"qkv", "width"}},
            {"transformer.h.{}.attn.c_attn.bias", "blk.{}.attn_qkv.bias", everywhere, {"qkv"}},
            {"transformer.h.{}.attn.c_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "width"}},
            {"transformer.h.{}.mlp.w1.weight", "blk.{}.ffn_up.weight", everywhere, {"half", "width"}},
            {"transformer.h.{}.mlp.w2.weight", "blk.{}.ffn_gate.weight", everywhere, {"half", "width"}},
            {"transformer.h.{}.mlp.c_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "half"}},
        },
};
const RegisterArchitecture registered(qwen);

}  // namespace
}  // namespace lt::convert
