// Qwen2-VL, Qwen2.5-VL and Qwen3-VL, the text.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.sections = true});
  describe_sections(config, to);
  if (config.has("sliding_window")) config.expect_flag("use_sliding_window", false);
}

// Rows of images come with as many more behind them as layers take some of what the eye saw on its way.
void describe_3(const Config& config, Description& to) {
  describe(config, to);
  to.integer("n_deepstack_layers", static_cast<int64_t>(to.whole["vision_config"]["deepstack_visual_indexes"].size()));
}

void describe_sparse(const Config& config, Description& to) {
  describe_3(config, to);
  describe_experts(config, to, {.count = "num_experts"});
  expect_experts_everywhere(config);
  config.expect_flag("norm_topk_prob", true);
}

constexpr const char* inner = "text_config";
const std::vector<Renamed> renamed = {
    {"model.language_model.", "model."}, {"language_model.model.", "model."}, {"language_model.lm_head.", "lm_head."}};
const std::vector<std::string_view> eyes = {"visual.", "model.visual."};

const Architecture qwen2vl{
    .name = "qwen2vl",
    .classes = {"Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration"},
    .describe = describe,
    .tensors = decoder_rules(),
    .inner = inner,
    .renamed = renamed,
    .passed_over = eyes,
};
const Architecture qwen3vl{
    .name = "qwen3vl",
    .classes = {"Qwen3VLForConditionalGeneration"},
    .describe = describe_3,
    .tensors = decoder_rules({}, head_norm_rules()),
    .inner = inner,
    .renamed = renamed,
    .passed_over = eyes,
};
const Architecture qwen3vlmoe{
    .name = "qwen3vlmoe",
    .classes = {"Qwen3VLMoeForConditionalGeneration"},
    .describe = describe_sparse,
    .tensors = decoder_rules(
        {},
        joined({head_norm_rules(), turned_expert_rules("model.layers.{}.mlp.experts.gate_up_proj", "model.layers.{}.mlp.experts.down_proj"),
                router_rules("model.layers.{}.mlp.gate.weight")})),
    .inner = inner,
    .renamed = renamed,
    .passed_over = eyes,
};
const RegisterArchitecture registered_2(qwen2vl), registered_3(qwen3vl), registered_sparse(qwen3vlmoe);

}  // namespace
}  // namespace lt::convert
