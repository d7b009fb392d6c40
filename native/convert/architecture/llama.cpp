// Llama 1 to 3.x, Mistral, TinyLlama, SmolLM2, Mixtral, InternLM3.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

// Mistral 7B's first version, of which other programs' files say nothing. One that no text is longer than is none.
void describe_window(const Config& config, Description& to) {
  if (!config.has("sliding_window")) return;
  const int64_t window = config.integer("sliding_window", 1, 1 << 30);
  if (window >= config.integer("max_position_embeddings", 1, 1 << 30)) return;
  to.integer("attention.sliding_window", window);
  to.folder_only(config, "sliding_window");
}

void describe(const Config& config, Description& to) {
  describe_llama(config, to, {.dynamic = class_of(config) == "InternLM3ForCausalLM"});
  describe_window(config, to);
  to.kinds = "num_local_experts";
  const int64_t experts = config.integer("num_local_experts", 0, 1 << 16, 0);
  if (experts == 0) return;
  to.sparse.assign(static_cast<size_t>(to.layers), true);
  to.size("experts", experts, "num_local_experts");
  to.size("expert_feed_forward", to.of("feed_forward"), "intermediate_size");
  to.integer("expert_count", experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, experts));
}

const Architecture llama{
    .name = "llama",
    .classes = {"LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM", "MixtralForCausalLM", "InternLM3ForCausalLM"},
    .describe = describe,
    .tensors = joined({
        decoder_rules({.q = neighbouring_queries, .k = neighbouring_keys}),
        expert_rules("model.layers.{}.block_sparse_moe.experts.{}.w1.weight", "model.layers.{}.block_sparse_moe.experts.{}.w3.weight",
                     "model.layers.{}.block_sparse_moe.experts.{}.w2.weight"),
        router_rules("model.layers.{}.block_sparse_moe.gate.weight"),
    }),
};
const RegisterArchitecture registered(llama);

}  // namespace
}  // namespace lt::convert
