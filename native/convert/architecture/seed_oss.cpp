// ByteDance Seed-OSS.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

const Architecture seed_oss{
    .name = "seed_oss",
    .classes = {"SeedOssForCausalLM"},
    .describe = [](const Config& config, Description& to) { describe_decoder(config, to); },
    .tensors = joined({outer_rules(), norm_rules("blk.{}.post_attention_norm.weight"), attention_rules(), feed_forward_rules()}),
};
const RegisterArchitecture registered(seed_oss);

}  // namespace
}  // namespace lt::convert
