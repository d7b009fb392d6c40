// Llama 1 to 3.x, Mistral, TinyLlama, SmolLM2, Mixtral.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  to.integer("vocab_size", to.of("vocabulary"));
  if (config.number("partial_rotary_factor", 1) != 1) config.unsupported("partial_rotary_factor", "llama rotates whole heads");
  to.integer("rope.dimension_count", to.head_dim);
  if (config.has("sliding_window")) to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
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
    .classes = {"LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM", "MixtralForCausalLM"},
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
