// EuroBERT.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  for (const char* key : {"attention_bias", "mlp_bias"}) config.expect_flag(key, false);
  to.put("attention.causal", false);
  to.put("rope.scaling.type", "none");
}

const Architecture eurobert{
    .name = "eurobert",
    .classes = {"EuroBertModel", "EuroBertForMaskedLM"},
    .describe = describe,
    .tensors = joined({{{"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
                        {"model.norm.weight", "output_norm.weight", everywhere, {"width"}}},
                       norm_rules("blk.{}.ffn_norm.weight"),
                       attention_rules(),
                       feed_forward_rules()}),
    .pools = true,
    .renamed = {{"embed_tokens.", "model.embed_tokens."}, {"layers.", "model.layers."}, {"norm.", "model.norm."}},
    .passed_over = {"lm_head."},  // of masked words
};
const RegisterArchitecture registered(eurobert);

}  // namespace
}  // namespace lt::convert
