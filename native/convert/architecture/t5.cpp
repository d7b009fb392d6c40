// The encoder of T5.
#include "convert/architecture.h"
#include "core/text.h"

namespace lt::convert {
namespace {

bool is_gated(const Config& config) {
  const std::string_view kind = config.string("feed_forward_proj", "relu");
  if (kind != "relu" && kind != "gated-gelu")
    config.unsupported("feed_forward_proj", "expected relu or gated-gelu, found \"" + shown(kind) + "\"");
  return kind == "gated-gelu";
}

void describe(const Config& config, Description& to) {
  to.layers = config.integer("num_layers", 1, 4096);
  to.heads = config.integer("num_heads", 1, 1 << 14);
  to.head_dim = config.integer("d_kv", 1, 1 << 14, 64);
  const int64_t buckets = config.integer("relative_attention_num_buckets", 4, 1 << 10, 32);
  to.size("width", config.integer("d_model", 1, 1 << 20), "d_model");
  to.size("feed_forward", config.integer("d_ff", 1, 1 << 20), "d_ff");
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.size("heads", to.heads, "num_heads");
  to.size("inner", to.heads * to.head_dim, "num_heads x d_kv");
  to.size("buckets", buckets, "relative_attention_num_buckets");
  to.integer("block_count", to.layers);
  to.integer("context_length", config.integer("n_positions", 1, 1 << 30, 512));
  to.integer("embedding_length", to.of("width"));
  to.integer("feed_forward_length", to.of("feed_forward"));
  to.integer("attention.head_count", to.heads);
  to.integer("attention.key_length", to.head_dim);
  to.integer("attention.value_length", to.head_dim);
  to.integer("attention.relative_buckets_count", buckets);
  for (const char* key : {"attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon"})
    to.number(key, config.number("layer_norm_epsilon", 0, 1, 1e-6));
  config.expect_number("relative_attention_max_distance", 128);  // GGUF has no key for it
  to.kinds = "feed_forward_proj";
  to.sparse.assign(static_cast<size_t>(to.layers), is_gated(config));
}

// As rules have it, `sparse` layers are those whose feed-forward is gated.
const Architecture t5_encoder{
    .name = "t5encoder",
    .classes = {"T5EncoderModel"},
    .describe = describe,
    .tensors =
        {
            {"shared.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
            {"encoder.final_layer_norm.weight", "enc.output_norm.weight", everywhere, {"width"}},
            {"encoder.block.{}.layer.0.layer_norm.weight", "enc.blk.{}.attn_norm.weight", everywhere, {"width"}},
            {"encoder.block.{}.layer.0.SelfAttention.q.weight", "enc.blk.{}.attn_q.weight", everywhere, {"inner", "width"}},
            {"encoder.block.{}.layer.0.SelfAttention.k.weight", "enc.blk.{}.attn_k.weight", everywhere, {"inner", "width"}},
            {"encoder.block.{}.layer.0.SelfAttention.v.weight", "enc.blk.{}.attn_v.weight", everywhere, {"inner", "width"}},
            {"encoder.block.{}.layer.0.SelfAttention.o.weight", "enc.blk.{}.attn_o.weight", everywhere, {"width", "inner"}},
            {"encoder.block.{}.layer.0.SelfAttention.relative_attention_bias.weight",
             "enc.blk.{}.attn_rel_b.weight",
             [](const Description&, int64_t layer) { return layer == 0; },
             {"buckets", "heads"}},
            {"encoder.block.{}.layer.1.layer_norm.weight", "enc.blk.{}.ffn_norm.weight", everywhere, {"width"}},
            {"encoder.block.{}.layer.1.DenseReluDense.wi.weight", "enc.blk.{}.ffn_up.weight", dense, {"feed_forward", "width"}},
            {"encoder.block.{}.layer.1.DenseReluDense.wi_0.weight", "enc.blk.{}.ffn_gate.weight", sparse, {"feed_forward", "width"}},
            {"encoder.block.{}.layer.1.DenseReluDense.wi_1.weight", "enc.blk.{}.ffn_up.weight", sparse, {"feed_forward", "width"}},
            {"encoder.block.{}.layer.1.DenseReluDense.wo.weight", "enc.blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
        },
    .pools = true,
    .passed_over = {"encoder.embed_tokens."},  // the table again
};
const RegisterArchitecture registered(t5_encoder);

}  // namespace
}  // namespace lt::convert
