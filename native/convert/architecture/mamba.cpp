// Mamba, FalconMamba and Mamba 2.
#include "convert/state_space.h"

namespace lt::convert {
namespace {

void describe_alone(const Config& config, Description& to) {
  describe_stack(config, to);
  to.integer("context_length", unbounded);
  to.integer("feed_forward_length", 0);
  to.integer("attention.head_count", 0);
  describe_epsilon(config, to, "layer_norm_epsilon", 1e-5);
  config.expect_flag("use_bias", false);
  config.expect_text("hidden_act", "silu");
}

void describe_columns(const Config& config, Description& to, bool normed) {
  describe_alone(config, to);
  describe_mamba(
      config, to,
      {.kernel = "conv_kernel", .state = "state_size", .rank = "time_step_rank", .expand = "expand", .inner = "intermediate_size"});
  to.put("ssm.dt_b_c_rms", normed);
}

void describe_plain(const Config& config, Description& to) { describe_columns(config, to, false); }

void describe_falcon_mamba(const Config& config, Description& to) {
  describe_columns(config, to, true);
  config.expect_number("mixer_rms_eps", 1e-6);
}

void describe_second(const Config& config, Description& to) {
  describe_alone(config, to);
  describe_mamba2(config, to,
                  {.kernel = "conv_kernel", .state = "state_size", .groups = "n_groups", .heads = "num_heads", .head = "head_dim"});
}

Rules outside() {
  return {
      {"backbone.embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"backbone.norm_f.weight", "output_norm.weight", everywhere, {"width"}},
      {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
      {"backbone.layers.{}.norm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
  };
}

constexpr std::string_view mixer = "backbone.layers.{}.mixer.";

const Architecture mamba{
    .name = "mamba",
    .classes = {"MambaForCausalLM"},
    .describe = describe_plain,
    .tensors = joined({outside(), mamba_rules(mixer, everywhere)}),
    .tied = true,
};
const Architecture falcon_mamba{
    .name = "mamba",
    .classes = {"FalconMambaForCausalLM"},
    .describe = describe_falcon_mamba,
    .tensors = joined({outside(), mamba_rules(mixer, everywhere)}),
    .tied = true,
};
const Architecture mamba2{
    .name = "mamba2",
    .classes = {"Mamba2ForCausalLM"},
    .describe = describe_second,
    .tensors = joined({outside(), mamba2_rules(mixer, everywhere)}),
};
const RegisterArchitecture registered_mamba(mamba), registered_falcon_mamba(falcon_mamba), registered_mamba2(mamba2);

}  // namespace
}  // namespace lt::convert
