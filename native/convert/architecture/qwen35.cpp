// Qwen3.5, dense or of experts.
#include <algorithm>
#include <numeric>

#include "convert/delta.h"

namespace lt::convert {
namespace {

constexpr size_t axes = 4;  // of positions: time, height, width, and one more that no model has

// How many pairs of a head rotate by each axis. Text has one position for all.
void describe_sections(const Config& config, Description& to) {
  constexpr int64_t most = 1 << 14;
  const char* key = "rope_parameters: mrope_section";
  const json::Value said = config["rope_parameters"]["mrope_section"];
  std::vector<int32_t> sections;
  for (const json::Member m : said) sections.push_back(static_cast<int32_t>(std::clamp<int64_t>(m.value.integer().value_or(-1), -1, most)));
  if (!said) sections = {11, 11, 10};
  if (sections.empty() || sections.size() > axes || *std::min_element(sections.begin(), sections.end()) < 0)
    config.fail(key, "expected up to four numbers of pairs");
  sections.resize(axes);
  to.put("rope.dimension_sections", std::span<const int32_t>(sections));
}

void describe(const Config& config, Description& to) {
  describe_delta(config, to);
  describe_sections(config, to);
}

void describe_sparse(const Config& config, Description& to) {
  to.no_dense_layer = true;
  describe(config, to);
  describe_experts(config, to, {.count = "num_experts"});
  describe_gated_shared_expert(config, to);
}

// GGUF has the heads of values tiled: head h is served by key head h mod key heads. In the folder those of a key head lie side by side.
std::vector<int64_t> tiled(const Description& d, int64_t first, int64_t size) {
  const int64_t keys = d.of("key_heads"), values = d.of("value_heads");
  std::vector<int64_t> from(static_cast<size_t>(first));
  std::iota(from.begin(), from.end(), 0);
  for (int64_t head = 0; head < values; head++)
    for (int64_t i = 0; i < size; i++) from.push_back(first + (head % keys * (values / keys) + head / keys) * size + i);
  return from;
}
std::vector<int64_t> heads(const Description& d) { return tiled(d, 0, 1); }
std::vector<int64_t> values(const Description& d) { return tiled(d, 0, d.of("value_head")); }
std::vector<int64_t> channels(const Description& d) { return tiled(d, 2 * d.of("key_heads") * d.of("key_head"), d.of("value_head")); }

Rules inputs() {
  constexpr Change none = Change::none;
  return {
      {"model.layers.{}.linear_attn.in_proj_qkv.weight", "blk.{}.attn_qkv.weight", recurs, {"channels", "width"}, none, {.rows = channels}},
      {"model.layers.{}.linear_attn.in_proj_z.weight", "blk.{}.attn_gate.weight", recurs, {"values", "width"}, none, {.rows = values}},
      {"model.layers.{}.linear_attn.in_proj_a.weight", "blk.{}.ssm_alpha.weight", recurs, {"value_heads", "width"}, none, {.rows = heads}},
      {"model.layers.{}.linear_attn.in_proj_b.weight", "blk.{}.ssm_beta.weight", recurs, {"value_heads", "width"}, none, {.rows = heads}},
  };
}

Rules delta() { return joined({delta_rules({.heads = heads, .channels = channels, .columns = values}), inputs()}); }

// One tensor an expert, or, as published, one of all.
Rules experts() {
  return joined({expert_rules(), joint_expert_rules("model.layers.{}.mlp.experts.gate_up_proj", "model.layers.{}.mlp.experts.down_proj"),
                 router_rules("model.layers.{}.mlp.gate.weight"), gated_shared_expert_rules()});
}

const Architecture qwen35{
    .name = "qwen35",
    .classes = {"Qwen3_5ForCausalLM", "Qwen3_5ForConditionalGeneration"},
    .describe = describe,
    .tensors = joined({delta(), feed_forward_rules()}),
    .inner = "text_config",
    .renamed = {{"model.language_model.", "model."}},
    .passed_over = {"mtp.", "model.visual."},  // what guesses further tokens, what sees
};
const Architecture qwen35moe{
    .name = "qwen35moe",
    .classes = {"Qwen3_5MoeForCausalLM", "Qwen3_5MoeForConditionalGeneration"},
    .describe = describe_sparse,
    .tensors = joined({delta(), experts()}),
    .inner = qwen35.inner,
    .renamed = qwen35.renamed,
    .passed_over = qwen35.passed_over,
};
const RegisterArchitecture registered(qwen35), registered_sparse(qwen35moe);

}  // namespace
}  // namespace lt::convert
