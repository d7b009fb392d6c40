// Arcee AFM.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

const Architecture arcee{
    .name = "arcee",
    .classes = {"ArceeForCausalLM"},
    .describe = [](const Config& config, Description& to) { describe_llama(config, to, {}, "relu2"); },
    .tensors = joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"),
                       attention_rules({.q = neighbouring_queries, .k = neighbouring_keys}), ungated_feed_forward_rules()}),
};
const RegisterArchitecture registered(arcee);

}  // namespace
}  // namespace lt::convert
