// What the folders of decoders have in common: parts of their rules and of their descriptions.
#pragma once
#include "convert/architecture.h"

namespace lt::convert {

struct AttentionRules {
  Held held = everywhere, biases = nullptr;
  std::string_view queries = "query";  // rows of q
  Order q = nullptr, k = nullptr;      // in which their rows go
  std::string_view output = "model.layers.{}.self_attn.o_proj.weight", output_bias = "model.layers.{}.self_attn.o_proj.bias";
};

// Rows that rotate together, a half head apart in the folder, come side by side.
std::vector<int64_t> neighbours(int64_t heads, int64_t size);
std::vector<int64_t> neighbouring_queries(const Description& d);
std::vector<int64_t> neighbouring_keys(const Description& d);

// The parts of decoders whose layers are named model.layers.{}.
Rules outer_rules(Change norms = Change::none);                          // the token table, the last norm, the output
Rules norm_rules(std::string_view second, Change norms = Change::none);  // what the norm behind attention becomes
Rules attention_rules(const AttentionRules& of = {});
Rules head_norm_rules(Change norms = Change::none, Held held = everywhere);  // of each head of q and of k
Rules row_norm_rules();                                                      // of all heads of q, and of k, as one row
Rules feed_forward_rules();
Rules ungated_feed_forward_rules();
Rules expert_rules(std::string_view gate, std::string_view up, std::string_view down);  // as the folder calls them
Rules expert_rules();                                                                   // by the names that most have
// Of all experts in one tensor each: the gates' rows before those of what they scale.
Rules joint_expert_rules(std::string_view gate_up, std::string_view down);
Rules turned_expert_rules(std::string_view gate_up, std::string_view down);  // with rows and columns exchanged
Rules router_rules(std::string_view router);
Rules router_bias_rules(std::string_view bias);  // which chooses and does not weigh
bool shares(const Description&, int64_t layer);  // layers of experts that have a shared one
Rules shared_expert_rules(std::string_view gate, std::string_view up, std::string_view down);
Rules shared_expert_rules();        // model.layers.{}.mlp.shared_experts
Rules gated_shared_expert_rules();  // of Qwen

// All of a dense decoder, with biases where the folder has them; `more` are added.
Rules decoder_rules(const AttentionRules& attention = {}, const Rules& more = {});

// How config.json calls what it says of experts.
struct ExpertSettings {
  const char *count, *used = "num_experts_per_tok", *columns = "moe_intermediate_size";
  bool writes_columns = true;  // else they are feed_forward_length
};

// Sizes and keys of experts, in every layer.
void describe_experts(const Config& config, Description& to, const ExpertSettings& of);
// Their shared one, of so many columns; 0: there is none.
void describe_shared_expert(Description& to, int64_t columns, const char* setting);
// As DeepSeek has them: leading dense layers, groups, shared experts, a factor.
void describe_grouped_experts(const Config& config, Description& to);
void describe_sigmoid_router(const Config& config, Description& to);  // of DeepSeek V3
// norm_topk_prob, of which programs believe what is implied, whatever a file says.
void describe_weights_norm(const Config& config, Description& to, bool implied);
void describe_gated_shared_expert(const Config& config, Description& to);  // of Qwen
void expect_experts_everywhere(const Config& config);
// Layers before so many are dense.
void describe_leading(const Config& config, Description& to, const char* setting);

// YaRN: its range of frequencies, its magnitude, and both.
void describe_yarn_range(const Config& rope, Description& to);
void describe_yarn_magnitude(const Config& rope, Description& to);
void describe_yarn(const Config& rope, Description& to);

// How many pairs of a head rotate by each axis of places: rope_parameters' or rope_scaling's mrope_section. `otherwise`: where neither says
// it.
void describe_sections(const Config& config, Description& to, std::vector<int32_t> otherwise = {});

struct RopeRules {
  double partial = 1;   // the share of a head that is rotated, where the folder does not say it
  double base = 10000;  // where the folder does not say it
  double unsaid = 0;    // the base of which GGUF files say nothing
  void (*yarn)(const Config& rope, Description& to) = describe_yarn;
  bool dynamic = false;     // a scaling of that kind is passed over: it concerns texts longer than those of training
  bool factors = false;     // long-rope is run
  bool magnitudes = false;  // long-rope says its magnitudes by short_mscale and long_mscale, which are the same
  bool sections = false;    // older folders call a rotation by several axes a kind of its own, mrope
};

// A base of rotation as older folders call it.
struct Base {
  const char* key;
  double fallback;
};

// One number, or one a layer.
void put_by_layer(const char* key, const std::vector<int64_t>& values, Description& to);

// config.json's keys, which are the same in most decoders. Older folders have rope_theta and rope_scaling, newer ones rope_parameters.
// All that follows, with one rotation.
void describe_decoder(const Config& config, Description& to, const RopeRules& rope = {}, std::string_view activation = "silu");
// And what llama's kin say besides; whole heads are rotated.
void describe_llama(const Config& config, Description& to, const RopeRules& rope = {}, std::string_view activation = "silu");
// How config.json calls sizes.
struct SizeKeys {
  const char *layers = "num_hidden_layers", *width = "hidden_size", *heads = "num_attention_heads", *feed_forward = "intermediate_size",
             *context = "max_position_embeddings";
  int64_t widening = 0;               // columns of the feed-forward by those of a row, where the folder may leave them out
  int64_t trained = 0;                // the context, where it may
  std::vector<int64_t> columns = {};  // of the feed-forward by layer, where it does not say them so
};
void describe_sizes(const Config& config, Description& to, const SizeKeys& keys = {});
// attending: which layers have keys and values; empty: all.
void describe_heads(const Config& config, Description& to, const std::vector<bool>& attending = {});
// Heads that divide the width among them, of which no key in GGUF says more.
void describe_even_heads(const Config& config, Description& to, int64_t kv_heads, const char* kv_key);
void describe_epsilon(const Config& config, Description& to, const char* key = "rms_norm_eps", double fallback = 1e-6);
void describe_layer_norm(const Config& config, Description& to, const char* key);  // that of a mean square too, where one is said
// Layers with a window and layers without: of sliding_window, in those that layer_types or max_window_layers say. No GGUF file says so.
void describe_windows_by_layer(const Config& config, Description& to);
void describe_rope(const Config& config, Description& to, const RopeRules& rules = {});
// Parts of describe_sizes, for those that have not all of it; describe_hybrid has the heads too.
void describe_stack(const Config& config, Description& to, const char* layers = "num_hidden_layers", const char* columns = "hidden_size");
// otherwise: where the folder does not say it; 0: it must.
void describe_context(const Config& config, Description& to, const char* key = "max_position_embeddings", int64_t otherwise = 0);
void describe_feed_forward(Description& to, int64_t columns, const char* setting = "intermediate_size");
void describe_hybrid(const Config& config, Description& to, const std::vector<bool>& attending);
// One base of all layers, or one a kind of layer; what scales concerns those without a window.
void describe_rope_by_kind(const Config& config, Description& to);
// Of layers without a window, which may be scaled by a factor, and of those with one.
void describe_two_ropes(const Config& config, Description& to, const Base& full, const Base& sliding, bool scales);

// The first of these keys that is there, or the last.
const char* key_of(const Config& config, std::initializer_list<const char*> keys);

// Which layers have a window, by layer_types; empty where it is not said.
std::vector<bool> windows_of(const Config& config, const Description& to);
// All but every `period`th, the last of them: throws Code::unsupported for another rhythm, which GGUF does not say.
void expect_windows(const Config& config, const Description& to, int64_t period);

// Rows of q, k and v of one matrix, which lie by groups of heads in the folder (each group's queries, its key, its value), one behind the
// other.
std::vector<int64_t> ungrouped(const Description& d);

}  // namespace lt::convert
