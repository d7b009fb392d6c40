// MPT, with ALiBi or learned positions, as published: without biases.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe_attention(const Config& config, Description& to) {
  const bool alibi = config.boolean("alibi", false);
  to.size("learned", alibi ? 0 : 1, "attn_config: alibi");
  to.number("attention.max_alibi_bias", alibi ? config.number("alibi_bias_max", 1e-3, 1e3, 8) : 0);
  if (config.has("clip_qkv")) to.number("attention.clamp_kqv", config.number("clip_qkv", 1e-6, 1e6, 0));
  const int64_t kv_heads = config.integer("kv_n_heads", 1, to.heads, to.heads);
  describe_even_heads(config, to, kv_heads, "kv_n_heads");
  if (kv_heads != to.heads) to.integer("attention.head_count_kv", kv_heads);
  for (const char* key : {"qk_ln", "prefix_lm", "rope", "attn_uses_sequence_id"}) config.expect_flag(key, false);
  if (config.has("softmax_scale")) config.unsupported("softmax_scale", "mpt is run with the scale that follows from heads");
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to,
                 {.layers = "n_layers",
                  .width = "d_model",
                  .heads = "n_heads",
                  .feed_forward = "",
                  .context = "max_seq_len",
                  .widening = config.integer("expansion_ratio", 1, 64, 4)});
  to.size("feed_forward", to.of("feed_forward"), "expansion_ratio x d_model");
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 0, 1, 1e-5));
  describe_attention({config.name() + ": attn_config", config["attn_config"]}, to);
  config.expect_flag("no_bias", true);
  config.expect_flag("learned_pos_emb", true);
  if (config.has("logit_scale")) config.unsupported("logit_scale", "mpt is run without one");
}

bool learned(const Description& d, int64_t) { return d.of("learned") != 0; }

const Architecture mpt{
    .name = "mpt",
    .classes = {"MPTForCausalLM", "MptForCausalLM"},
    .describe = describe,
    .tensors =
        {
            {"transformer.wte.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
            {"transformer.wpe.weight", "position_embd.weight", learned, {"context", "width"}, Change::exact},
            {"transformer.norm_f.weight", "output_norm.weight", everywhere, {"width"}},
            {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
            {"transformer.blocks.{}.norm_1.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
            {"transformer.blocks.{}.norm_2.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
            {"transformer.blocks.{}.attn.Wqkv.weight", "blk.{}.attn_qkv.weight", everywhere, {"qkv", "width"}},
            {"transformer.blocks.{}.attn.out_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
            {"transformer.blocks.{}.ffn.up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
            {"transformer.blocks.{}.ffn.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
        },
    .tied = true,
};
const RegisterArchitecture registered(mpt);

}  // namespace
}  // namespace lt::convert
