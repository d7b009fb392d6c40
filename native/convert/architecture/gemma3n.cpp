// Gemma 3n, text.
#include <cmath>

#include "convert/gemma.h"

namespace lt::convert {
namespace {

// Of standard normal values a share p lies below it. In float, as it is computed elsewhere; -infinity for 0.
float normal_quantile(float p) {
  const float at = 2 * p - 1;
  if (at <= -1) return -INFINITY;
  double x = 0;  // erf(x) = at
  for (int i = 0; i < 60; i++) x -= (std::erf(x) - static_cast<double>(at)) / (2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x));
  return static_cast<float>(x) * static_cast<float>(std::sqrt(2.0));
}

// Which share of a layer's gates is closed, as deviations above their mean. By default the first ten of many layers' are sparse.
void describe_sparsity(const Config& config, Description& to) {
  const char* key = "activation_sparsity_pattern";
  std::vector<float> shares;
  for (const json::Member m : config[key]) shares.push_back(static_cast<float>(m.value.number().value_or(-1)));
  for (int64_t i = 0; i < to.layers && !config.has(key); i++) shares.push_back(to.layers > 10 && i < 10 ? 0.95f : 0);
  if (std::ssize(shares) != to.layers) config.fail(key, "expected a number for each layer");
  for (float& share : shares) {
    if (!(share >= 0 && share <= 0.999f)) config.fail(key, "expected numbers from 0 to 0.999");
    share = normal_quantile(share);
  }
  to.put("activation_sparsity_scale", std::span<const float>(shares));
}

void describe_streams(const Config& config, Description& to) {
  const int64_t streams = config.integer("altup_num_inputs", 2, 64, 4);
  to.integer("altup.active_idx", config.integer("altup_active_idx", 0, streams - 1, 0));
  to.integer("altup.num_inputs", streams);
  to.size("streams", streams, "altup_num_inputs");
  to.size("others", streams - 1, "altup_num_inputs - 1");
  to.size("mixes", streams * streams, "altup_num_inputs x altup_num_inputs");
  to.size("laurel", config.integer("laurel_rank", 1, 1 << 20, 64), "laurel_rank");
  config.expect_flag("altup_correct_scale", true);
}

void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  to.size("value", to.of("key_value"), "num_key_value_heads x head_dim");
  describe_epsilon(config, to);
  describe_two_ropes(config, to, {"rope_theta", 1e6}, {"rope_local_base_freq", 1e4}, false);
  describe_gemma_layers(config, to, gemma_windows(config, to, 5), 15);
  describe_layer_inputs(config, to);
  describe_streams(config, to);
  describe_sparsity(config, to);
  to.number("final_logit_softcapping", config.number("final_logit_softcapping", 30));
}

Rules stream_rules() {
  constexpr Change none = Change::none;
  return {
      {"model.altup_projections.{}.weight", "altup_proj.weight", everywhere, {"width", "width"}, none, {}, {}, "others"},
      {"model.altup_unembed_projections.{}.weight", "altup_unembd_proj.weight", everywhere, {"width", "width"}, none, {}, {}, "others"},
      {"model.layers.{}.altup.router_norm.weight", "blk.{}.altup_router_norm.weight", everywhere, {"width"}},
      {"model.layers.{}.altup.modality_router.weight", "blk.{}.altup_router.weight", everywhere, {"streams", "width"}},
      {"model.layers.{}.altup.prediction_coefs.weight",
       "blk.{}.altup_predict_coef.weight",
       everywhere,
       {"mixes", "streams"},
       Change::exact},
      {"model.layers.{}.altup.correction_coefs.weight",
       "blk.{}.altup_correct_coef.weight",
       everywhere,
       {"streams", "streams"},
       Change::exact},
      {"model.layers.{}.altup.correct_output_scale", "blk.{}.altup_correct_scale.weight", everywhere, {"width"}},
      {"model.layers.{}.laurel.linear_left.weight", "blk.{}.laurel_l.weight", everywhere, {"laurel", "width"}},
      {"model.layers.{}.laurel.linear_right.weight", "blk.{}.laurel_r.weight", everywhere, {"width", "laurel"}},
      {"model.layers.{}.laurel.post_laurel_norm.weight", "blk.{}.laurel_post_norm.weight", everywhere, {"width"}},
  };
}

const Architecture gemma3n{
    .name = "gemma3n",
    .classes = {"Gemma3nForCausalLM", "Gemma3nForConditionalGeneration"},
    .describe = describe,
    .tensors = joined({gemma_rules(), layer_input_rules(), stream_rules()}),
    .tied = true,
    .inner = "text_config",
    .renamed = {{"model.language_model.", "model."}},
    .passed_over = {"model.vision_tower.", "model.audio_tower.", "model.embed_vision.", "model.embed_audio."},
};
const RegisterArchitecture registered(gemma3n);

}  // namespace
}  // namespace lt::convert
