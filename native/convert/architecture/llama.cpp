// Llama 1 to 3.x, Mistral, TinyLlama, SmolLM2, Mixtral.
#include "convert/architecture.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  to.integer("vocab_size", to.vocabulary);
  if (config.number("partial_rotary_factor", 1) != 1) config.unsupported("partial_rotary_factor", "llama rotates whole heads");
  to.integer("rope.dimension_count", to.head_dim);
  if (config.has("sliding_window")) to.integer("attention.sliding_window", config.integer("sliding_window", 1, 1 << 30));
  to.experts = config.integer("num_local_experts", 0, 1 << 16, 0);
  if (to.experts == 0) return;
  to.integer("expert_count", to.experts);
  to.integer("expert_used_count", config.integer("num_experts_per_tok", 1, to.experts));
}

const Architecture llama{
    .name = "llama",
    .classes = {"LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM", "MixtralForCausalLM"},
    .describe = describe,
    .tensors = decoder_rules(Change::pair_q, Change::pair_k,
                             {{"model.layers.{}.block_sparse_moe.gate.weight",
                               "blk.{}.ffn_gate_inp.weight",
                               Held::experts,
                               {Size::experts, Size::width},
                               Change::exact},
                              {"model.layers.{}.block_sparse_moe.experts.{}.w1.weight",
                               "blk.{}.ffn_gate_exps.weight",
                               Held::experts,
                               {Size::feed_forward, Size::width}},
                              {"model.layers.{}.block_sparse_moe.experts.{}.w2.weight",
                               "blk.{}.ffn_down_exps.weight",
                               Held::experts,
                               {Size::width, Size::feed_forward}},
                              {"model.layers.{}.block_sparse_moe.experts.{}.w3.weight",
                               "blk.{}.ffn_up_exps.weight",
                               Held::experts,
                               {Size::feed_forward, Size::width}}}),
};
const RegisterArchitecture registered(llama);

}  // namespace
}  // namespace lt::convert
