// ModernBERT, an encoder.
#include "convert/decoder.h"
#include "core/text.h"

namespace lt::convert {
namespace {

// Which layers have no window: every so many, from the first on.
void describe_windows(const Config& config, Description& to) {
  const int64_t period = config.integer("global_attn_every_n_layers", 1, 4096, 3);
  to.integer("attention.sliding_window", config.integer("local_attention", 1, 1 << 30, 128));
  to.integer("attention.sliding_window_pattern", period);
  const std::vector<bool> slides = config.choices("layer_types", to.layers, "sliding_attention", "full_attention");
  for (size_t i = 0; i < slides.size(); i++)
    if (slides[i] != (static_cast<int64_t>(i) % period != 0))
      config.unsupported("layer_types", "expected layers without a window as global_attn_every_n_layers says");
}

void describe_activation(const Config& config, Description& to) {
  const std::string_view name = config.string("hidden_activation", "gelu");
  if (name != "gelu" && name != "gelu_pytorch_tanh" && name != "silu")
    config.unsupported("hidden_activation", "expected gelu, gelu_pytorch_tanh or silu, found \"" + shown(name) + "\"");
  to.put("hidden_activation", name);
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  to.size("qkv", 3 * to.of("width"), "3 x hidden_size");
  to.size("gate_up", 2 * to.of("feed_forward"), "2 x intermediate_size");
  const double epsilon = config.number("norm_eps", 0, 1, config.number("layer_norm_eps", 0, 1, 1e-5));
  to.number("attention.layer_norm_epsilon", epsilon);
  to.number("attention.layer_norm_rms_epsilon", epsilon);  // which has no meaning here, and is there in other converters' files
  to.put("attention.causal", false);
  describe_windows(config, to);
  describe_two_ropes(config, to, {"global_rope_theta", 160000}, {"local_rope_theta", 10000}, false);
  to.put("rope.scaling.type", "none");
  to.integer("vocab_size", to.of("vocabulary"));
  describe_activation(config, to);
  to.fields.push_back(gguf::field("tokenizer.ggml.token_type_count", uint32_t{1}));
}

// GGUF has no key for the row that is scored: files mean the mean of all.
void describe_classifier(const Config& config, Description& to) {
  describe(config, to);
  describe_labels(config, to);
  config.expect_text("classifier_activation", "gelu");
  const std::string_view pooling = config.string("classifier_pooling", "cls");
  if (pooling == "mean") return;
  if (pooling != "cls") config.unsupported("classifier_pooling", "expected cls or mean, found \"" + shown(pooling) + "\"");
  to.integer("classifier.pooling_type", 2);
  to.folder_only(config, "classifier_pooling");
}

bool behind_the_first(const Description&, int64_t layer) { return layer > 0; }  // whose norm is the embeddings'

const Rules encoder_rules = {
    {"embeddings.tok_embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
    {"embeddings.norm.weight", "token_embd_norm.weight", everywhere, {"width"}},
    {"final_norm.weight", "output_norm.weight", everywhere, {"width"}},
    {"layers.{}.attn_norm.weight", "blk.{}.attn_norm.weight", behind_the_first, {"width"}},
    {"layers.{}.attn.Wqkv.weight", "blk.{}.attn_qkv.weight", everywhere, {"qkv", "width"}},
    {"layers.{}.attn.Wo.weight", "blk.{}.attn_output.weight", everywhere, {"width", "width"}},
    {"layers.{}.mlp_norm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
    {"layers.{}.mlp.Wi.weight", "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}},
    {"layers.{}.mlp.Wo.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
};

const Architecture modern_bert{
    .name = "modern-bert",
    .classes = {"ModernBertModel", "ModernBertForMaskedLM"},
    .describe = describe,
    .tensors = encoder_rules,
    .pools = true,
    .renamed = {{"model.", ""}},
    .passed_over = {"head.", "decoder."},  // of masked words
};
const RegisterArchitecture registered(modern_bert);

const Architecture classifier{
    .name = "modern-bert",
    .classes = {"ModernBertForSequenceClassification"},
    .describe = describe_classifier,
    .tensors = joined({encoder_rules,
                       {{"head.dense.weight", "cls.weight", everywhere, {"width", "width"}},
                        {"head.dense.bias", "cls.bias", nullptr, {"width"}},
                        {"head.norm.weight", "cls.norm.weight", everywhere, {"width"}},
                        {"head.norm.bias", "cls.norm.bias", nullptr, {"width"}},
                        {"classifier.weight", "cls.output.weight", everywhere, {"labels", "width"}},
                        {"classifier.bias", "cls.output.bias", nullptr, {"labels"}}}}),
    .renamed = {{"model.", ""}},
};
const RegisterArchitecture classifier_registered(classifier);

}  // namespace
}  // namespace lt::convert
