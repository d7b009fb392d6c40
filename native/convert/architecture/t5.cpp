// T5, mT5, UMT5, and the encoder alone.
#include <cmath>
#include <deque>
#include <string>

#include "convert/architecture.h"
#include "core/text.h"
#include "safetensors/folder.h"

namespace lt::convert {
namespace {

bool is_gated(const Config& config) {
  const std::string_view kind = config.string("feed_forward_proj", "relu");
  if (kind != "relu" && kind != "gated-gelu")
    config.unsupported("feed_forward_proj", "expected relu or gated-gelu, found \"" + shown(kind) + "\"");
  return kind == "gated-gelu";
}

void describe_sizes(const Config& config, Description& to) {
  to.layers = config.integer("num_layers", 1, 4096);
  to.counts = "num_layers";
  to.heads = config.integer("num_heads", 1, 1 << 14);
  to.head_dim = config.integer("d_kv", 1, 1 << 14, 64);
  const int64_t buckets = config.integer("relative_attention_num_buckets", 4, 1 << 10, 32);
  to.size("width", config.integer("d_model", 1, 1 << 20), "d_model");
  to.size("feed_forward", config.integer("d_ff", 1, 1 << 20), "d_ff");
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.size("heads", to.heads, "num_heads");
  to.size("inner", to.heads * to.head_dim, "num_heads x d_kv");
  to.size("buckets", buckets, "relative_attention_num_buckets");
  to.size("encoding_layers", to.layers, "num_layers");
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

// Rules are of as many layers as the longer of encoder and decoder has.
void describe_both(const Config& config, Description& to) {
  describe_sizes(config, to);
  const int64_t decoding = config.integer("num_decoder_layers", 1, 4096, to.layers);
  to.size("decoding_layers", decoding, "num_decoder_layers");
  if (decoding > to.layers) to.layers = decoding, to.counts = "num_decoder_layers";
  to.sparse.assign(static_cast<size_t>(to.layers), is_gated(config));
  to.integer("decoder_block_count", decoding);
  to.integer("decoder_start_token_id", config.integer("decoder_start_token_id", 0, to.of("vocabulary") - 1, 0));
}

// What the decoder's rows are multiplied by before the head: d_model^-0.5 or nothing. A file says the former by having no gate and no head
// of its own, which is T5 1.0; else by a key, which llama.cpp does not read: it never scales.
void put_scale(bool scales, const safetensors::Folder& folder, Description& to) {
  const bool gated = to.sparse[0];
  if (scales ? !gated && !folder.find("lm_head.weight") : gated) return;
  to.number("logit_scale", scales ? 1 / std::sqrt(static_cast<double>(to.of("width"))) : 1);
}

// As transformers has it, which knows by tie_word_embeddings whether it is T5 1.0; its mT5 never scales.
void read_scale(const safetensors::Folder& folder, Description& to) {
  const bool tied = to.whole["tie_word_embeddings"].boolean().value_or(true);
  put_scale(to.whole["scale_decoder_outputs"].boolean().value_or(tied), folder, to);
}
void read_no_scale(const safetensors::Folder& folder, Description& to) { put_scale(false, folder, to); }

bool encodes(const Description& d, int64_t layer) { return layer < d.of("encoding_layers"); }
bool decodes(const Description& d, int64_t layer) { return layer < d.of("decoding_layers"); }
template <Held side, Held kind>
bool both(const Description& d, int64_t layer) {
  return side(d, layer) && kind(d, layer);
}
bool first(const Description&, int64_t layer) { return layer == 0; }

// A name that rules may refer to.
std::string_view kept(std::string name) {
  static std::deque<std::string> names;
  return names.emplace_back(std::move(name));
}

// As rules have it, `sparse` layers are those whose feed-forward is gated. offsets: layers that have their own.
template <Held side, Held offsets>
Rules side_rules(const std::string& from, const std::string& to, const std::string& feed) {
  Rules rules;
  const auto add = [&](const std::string& name, const std::string& as, Held held, Shape shape) {
    rules.push_back({kept(from + ".block.{}.layer." + name + ".weight"), kept(to + ".blk.{}." + as + ".weight"), held, shape});
  };
  const auto attention = [&](const std::string& layer, const std::string& as) {
    add(layer.substr(0, 2) + "layer_norm", as + "_norm", side, {"width"});
    for (const char* matrix : {"q", "k", "v"}) add(layer + "." + matrix, as + "_" + matrix, side, {"inner", "width"});
    add(layer + ".o", as + "_o", side, {"width", "inner"});
  };
  rules.push_back({kept(from + ".final_layer_norm.weight"), kept(to + ".output_norm.weight"), everywhere, {"width"}});
  attention("0.SelfAttention", "attn");
  add("0.SelfAttention.relative_attention_bias", "attn_rel_b", both<side, offsets>, {"buckets", "heads"});
  if (to == "dec") attention("1.EncDecAttention", "cross_attn");
  add(feed + ".layer_norm", "ffn_norm", side, {"width"});
  add(feed + ".DenseReluDense.wi", "ffn_up", both<side, dense>, {"feed_forward", "width"});
  add(feed + ".DenseReluDense.wi_0", "ffn_gate", both<side, sparse>, {"feed_forward", "width"});
  add(feed + ".DenseReluDense.wi_1", "ffn_up", both<side, sparse>, {"feed_forward", "width"});
  add(feed + ".DenseReluDense.wo", "ffn_down", side, {"width", "feed_forward"});
  return rules;
}

const Rule table{"shared.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}};

template <Held offsets>
Rules encoder_rules() {
  return joined({{table}, side_rules<encodes, offsets>("encoder", "enc", "1")});
}
template <Held offsets>
Rules rules_of_both() {
  return joined({encoder_rules<offsets>(),
                 side_rules<decodes, offsets>("decoder", "dec", "2"),
                 {{"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}}}});
}

// The table again, and offsets that no model reads.
const std::vector<std::string_view> repeated = {"encoder.embed_tokens.", "decoder.embed_tokens.",
                                                "decoder.block.{}.layer.1.EncDecAttention.relative_attention_bias.weight"};

Architecture of_both(std::vector<std::string_view> classes, Rules rules, decltype(Architecture::read) read = read_scale) {
  return {.name = "t5",
          .classes = std::move(classes),
          .describe = describe_both,
          .tensors = std::move(rules),
          .read = read,
          .tied = true,
          .passed_over = repeated};
}

const Architecture t5_encoder{.name = "t5encoder",
                              .classes = {"T5EncoderModel"},
                              .describe = describe_sizes,
                              .tensors = encoder_rules<first>(),
                              .pools = true,
                              .passed_over = repeated};
const Architecture t5 = of_both({"T5ForConditionalGeneration", "T5WithLMHeadModel"}, rules_of_both<first>());
const Architecture mt5 = of_both({"MT5ForConditionalGeneration"}, rules_of_both<first>(), read_no_scale);
const Architecture umt5 = of_both({"UMT5ForConditionalGeneration"}, rules_of_both<everywhere>());
const RegisterArchitecture registered_encoder(t5_encoder), registered(t5), registered_mt5(mt5), registered_umt5(umt5);

}  // namespace
}  // namespace lt::convert
