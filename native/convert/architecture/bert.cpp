// BERT, RoBERTa, XLM-RoBERTa, their classifiers and cross-encoders, and the encoders of their kind: Nomic, Jina 2 and 3.
#include "convert/decoder.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr int64_t most = 1 << 20;

// What all have. `context`: texts are at most so long.
void describe_encoder(const Config& config, Description& to, int64_t context) {
  to.integer("context_length", context);
  to.put("attention.causal", false);
  const int64_t types = config.integer("type_vocab_size", 1, most);
  to.size("types", types, "type_vocab_size");
  to.fields.push_back(gguf::field("tokenizer.ggml.token_type_count", static_cast<uint32_t>(types)));
}

void describe_bert_sizes(const Config& config, Description& to) {
  to.layers = config.integer("num_hidden_layers", 1, 4096);
  to.heads = config.integer("num_attention_heads", 1, 1 << 14);
  to.size("width", config.integer("hidden_size", 1, most), "hidden_size");
  to.size("feed_forward", config.integer("intermediate_size", 1, most), "intermediate_size");
  to.size("gate_up", 2 * to.of("feed_forward"), "2 x intermediate_size");
  to.size("qkv", 3 * to.of("width"), "3 x hidden_size");
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.integer("block_count", to.layers);
  to.integer("embedding_length", to.of("width"));
  to.integer("feed_forward_length", to.of("feed_forward"));
  to.integer("attention.head_count", to.heads);
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_eps", 0, 1, 1e-12));
  config.expect_text("hidden_act", "gelu");
  config.expect_flag("is_decoder", false);
}

// The row of places that a text begins at: RoBERTa counts from behind the token that fills texts up.
void describe_places(const Config& config, Description& to, int64_t first) {
  const int64_t places = config.integer("max_position_embeddings", first + 1, 1 << 30);
  to.size("places", places, "max_position_embeddings");
  to.size("unused_places", first, "pad_token_id + 1");
  describe_encoder(config, to, places - first);
  // Which have no meaning here, and are in other converters' files where config.json has them.
  if (config.has("num_key_value_heads")) to.integer("attention.head_count_kv", config.integer("num_key_value_heads", to.heads, to.heads));
  if (config.has("rms_norm_eps")) to.number("attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 1e-5));
}

int64_t behind_pad(const Config& config) { return config.integer("pad_token_id", 0, most, 1) + 1; }

void describe_bert(const Config& config, Description& to) {
  describe_bert_sizes(config, to);
  config.expect_text("position_embedding_type", "absolute");
  describe_places(config, to, 0);
}

void describe_roberta(const Config& config, Description& to) {
  describe_bert_sizes(config, to);
  config.expect_text("position_embedding_type", "absolute");
  describe_places(config, to, behind_pad(config));
}

void describe_jina2(const Config& config, Description& to) {
  describe_bert_sizes(config, to);
  config.expect_text("position_embedding_type", "alibi");
  config.expect_text("feed_forward_type", "geglu");
  describe_encoder(config, to, config.integer("max_position_embeddings", 1, 1 << 30));
}

void describe_jina3(const Config& config, Description& to) {
  describe_bert_sizes(config, to);
  const int64_t first = behind_pad(config);
  to.number("rope.freq_base", config.number("rotary_emb_base", 1.001, 1e12, 10000));
  describe_encoder(config, to, config.integer("max_position_embeddings", first + 1, 1 << 30) - first);
}

void describe_nomic(const Config& config, Description& to) {
  to.layers = config.integer("n_layer", 1, 4096);
  to.heads = config.integer("n_head", 1, 1 << 14);
  to.size("width", config.integer("n_embd", 1, most), "n_embd");
  to.size("feed_forward", config.integer("n_inner", 1, most), "n_inner");
  to.size("qkv", 3 * to.of("width"), "3 x n_embd");
  to.size("vocabulary", config.integer("vocab_size", 1, 1 << 24), "vocab_size");
  to.integer("block_count", to.layers);
  to.integer("embedding_length", to.of("width"));
  to.integer("feed_forward_length", to.of("feed_forward"));
  to.integer("attention.head_count", to.heads);
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 0, 1, 1e-12));
  to.number("rope.freq_base", config.number("rotary_emb_base", 1.001, 1e12, 10000));
  config.expect_text("activation_function", "swiglu");
  for (const char* key : {"prenorm", "parallel_block", "use_rms_norm", "rotary_emb_interleaved", "causal"}) config.expect_flag(key, false);
  config.expect_number("rotary_emb_fraction", 1);
  for (const char* key : {"rotary_emb_scale_base", "rotary_scaling_factor"})
    if (config.has(key)) config.unsupported(key, "expected none");
  describe_encoder(config, to, config.integer("max_trained_positions", 1, 1 << 30, 2048));
}

template <void (*describe)(const Config&, Description&)>
void describe_with_labels(const Config& config, Description& to) {
  describe(config, to);
  describe_labels(config, to);
}

std::vector<int64_t> used_places(const Description& d) {
  std::vector<int64_t> from;
  for (int64_t i = d.of("unused_places"); i < d.of("places"); i++) from.push_back(i);
  return from;
}

Rules table_rules(std::string_view norm_weight, std::string_view norm_bias) {
  return {
      {"embeddings.word_embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"embeddings.token_type_embeddings.weight", "token_types.weight", everywhere, {"types", "width"}, Change::exact},
      {norm_weight, "token_embd_norm.weight", everywhere, {"width"}},
      {norm_bias, "token_embd_norm.bias", everywhere, {"width"}},
  };
}

Rules bert_attention_rules() {
  return {
      {"encoder.layer.{}.attention.self.query.weight", "blk.{}.attn_q.weight", everywhere, {"width", "width"}},
      {"encoder.layer.{}.attention.self.query.bias", "blk.{}.attn_q.bias", everywhere, {"width"}},
      {"encoder.layer.{}.attention.self.key.weight", "blk.{}.attn_k.weight", everywhere, {"width", "width"}},
      {"encoder.layer.{}.attention.self.key.bias", "blk.{}.attn_k.bias", everywhere, {"width"}},
      {"encoder.layer.{}.attention.self.value.weight", "blk.{}.attn_v.weight", everywhere, {"width", "width"}},
      {"encoder.layer.{}.attention.self.value.bias", "blk.{}.attn_v.bias", everywhere, {"width"}},
      {"encoder.layer.{}.attention.output.dense.weight", "blk.{}.attn_output.weight", everywhere, {"width", "width"}},
      {"encoder.layer.{}.attention.output.dense.bias", "blk.{}.attn_output.bias", everywhere, {"width"}},
      {"encoder.layer.{}.attention.output.LayerNorm.weight", "blk.{}.attn_output_norm.weight", everywhere, {"width"}},
      {"encoder.layer.{}.attention.output.LayerNorm.bias", "blk.{}.attn_output_norm.bias", everywhere, {"width"}},
  };
}

Rules bert_rules() {
  return joined({
      table_rules("embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"),
      {{"embeddings.position_embeddings.weight",
        "position_embd.weight",
        everywhere,
        {"places", "width"},
        Change::exact,
        {.rows = used_places}}},
      bert_attention_rules(),
      {{"encoder.layer.{}.intermediate.dense.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
       {"encoder.layer.{}.intermediate.dense.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}},
       {"encoder.layer.{}.output.dense.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
       {"encoder.layer.{}.output.dense.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}},
       {"encoder.layer.{}.output.LayerNorm.weight", "blk.{}.layer_output_norm.weight", everywhere, {"width"}},
       {"encoder.layer.{}.output.LayerNorm.bias", "blk.{}.layer_output_norm.bias", everywhere, {"width"}}},
  });
}

// A dense layer, whose result goes through tanh, and an output a label.
Rules classifier_rules(std::string_view dense, std::string_view dense_bias, std::string_view out, std::string_view out_bias) {
  return {
      {dense, "cls.weight", everywhere, {"width", "width"}},
      {dense_bias, "cls.bias", everywhere, {"width"}},
      {out, "cls.output.weight", everywhere, {"labels", "width"}},
      {out_bias, "cls.output.bias", everywhere, {"labels"}},
  };
}

// Encoders with rotation, whose parts have other names.
Rules rotary_rules(std::string_view qkv, std::string_view qkv_bias, std::string_view out, std::string_view out_bias) {
  return joined({
      table_rules("emb_ln.weight", "emb_ln.bias"),
      {{qkv, "blk.{}.attn_qkv.weight", everywhere, {"qkv", "width"}},
       {qkv_bias, "blk.{}.attn_qkv.bias", nullptr, {"qkv"}},
       {out, "blk.{}.attn_output.weight", everywhere, {"width", "width"}},
       {out_bias, "blk.{}.attn_output.bias", nullptr, {"width"}},
       {"encoder.layers.{}.norm1.weight", "blk.{}.attn_output_norm.weight", everywhere, {"width"}},
       {"encoder.layers.{}.norm1.bias", "blk.{}.attn_output_norm.bias", everywhere, {"width"}},
       {"encoder.layers.{}.norm2.weight", "blk.{}.layer_output_norm.weight", everywhere, {"width"}},
       {"encoder.layers.{}.norm2.bias", "blk.{}.layer_output_norm.bias", everywhere, {"width"}},
       {"encoder.layers.{}.mlp.fc2.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
       {"encoder.layers.{}.mlp.fc2.bias", "blk.{}.ffn_down.bias", nullptr, {"width"}}},
  });
}

bool is_rotary(const FolderOf& folder) { return folder.config.string("position_embedding_type", "absolute") == "rotary"; }

const Architecture bert{
    .name = "bert",
    .classes = {"BertModel", "BertForMaskedLM"},
    .describe = describe_bert,
    .tensors = bert_rules(),
    .pools = true,
    .renamed = {{"bert.", ""}},
    .passed_over = {"pooler.", "cls.", "embeddings.position_ids"},  // of what it was trained with
};
const RegisterArchitecture registered_bert(bert);

// Its score is of the pooler's row, which other converters leave out.
const Architecture bert_classifier{
    .name = "bert",
    .classes = {"BertForSequenceClassification"},
    .describe = describe_with_labels<describe_bert>,
    .tensors = joined({bert_rules(), classifier_rules("pooler.dense.weight", "pooler.dense.bias", "classifier.weight", "classifier.bias")}),
    .renamed = {{"bert.", ""}},
    .passed_over = {"embeddings.position_ids"},
};
const RegisterArchitecture registered_bert_classifier(bert_classifier);

const Architecture roberta{
    .name = "bert",
    .classes = {"RobertaModel", "XLMRobertaModel", "CamembertModel", "RobertaForMaskedLM", "XLMRobertaForMaskedLM"},
    .describe = describe_roberta,
    .tensors = bert_rules(),
    .pools = true,
    .renamed = {{"roberta.", ""}},
    .passed_over = {"pooler.", "lm_head.", "embeddings.position_ids"},
};
const RegisterArchitecture registered_roberta(roberta);

const Architecture roberta_classifier{
    .name = "bert",
    .classes = {"RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"},
    .describe = describe_with_labels<describe_roberta>,
    .tensors = joined({bert_rules(), classifier_rules("classifier.dense.weight", "classifier.dense.bias", "classifier.out_proj.weight",
                                                      "classifier.out_proj.bias")}),
    .renamed = {{"roberta.", ""}},
    .passed_over = {"pooler.", "embeddings.position_ids"},
};
const RegisterArchitecture registered_roberta_classifier(roberta_classifier);

const Architecture nomic{
    .name = "nomic-bert",
    .classes = {"NomicBertModel"},
    .describe = describe_nomic,
    .tensors = joined({
        rotary_rules("encoder.layers.{}.attn.Wqkv.weight", "encoder.layers.{}.attn.Wqkv.bias", "encoder.layers.{}.attn.out_proj.weight",
                     "encoder.layers.{}.attn.out_proj.bias"),
        {{"encoder.layers.{}.mlp.fc11.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
         {"encoder.layers.{}.mlp.fc12.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}}},
    }),
    .pools = true,
};
const RegisterArchitecture registered_nomic(nomic);

const Architecture jina2{
    .name = "jina-bert-v2",
    .classes = {"JinaBertModel", "JinaBertForMaskedLM"},
    .describe = describe_jina2,
    .tensors = joined({
        table_rules("embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"),
        bert_attention_rules(),
        {{"encoder.layer.{}.mlp.gated_layers.weight", "blk.{}.ffn_up.weight", everywhere, {"gate_up", "width"}},
         {"encoder.layer.{}.mlp.wo.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
         {"encoder.layer.{}.mlp.wo.bias", "blk.{}.ffn_down.bias", everywhere, {"width"}},
         {"encoder.layer.{}.mlp.layernorm.weight", "blk.{}.layer_output_norm.weight", everywhere, {"width"}},
         {"encoder.layer.{}.mlp.layernorm.bias", "blk.{}.layer_output_norm.bias", everywhere, {"width"}}},
    }),
    .pools = true,
    .renamed = {{"bert.", ""}},
    .passed_over = {"pooler.", "cls."},
};
const RegisterArchitecture registered_jina2(jina2);

const Architecture jina3{
    .name = "jina-bert-v3",
    .classes = {"XLMRobertaModel"},
    .describe = describe_jina3,
    .tensors = joined({
        rotary_rules("encoder.layers.{}.mixer.Wqkv.weight", "encoder.layers.{}.mixer.Wqkv.bias", "encoder.layers.{}.mixer.out_proj.weight",
                     "encoder.layers.{}.mixer.out_proj.bias"),
        {{"encoder.layers.{}.mlp.fc1.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
         {"encoder.layers.{}.mlp.fc1.bias", "blk.{}.ffn_up.bias", everywhere, {"feed_forward"}}},
    }),
    .pools = true,
    .renamed = {{"roberta.", ""}},
    .passed_over = {"pooler."},
    .is = is_rotary,
};
const RegisterArchitecture registered_jina3(jina3);

}  // namespace
}  // namespace lt::convert
