// Falcon-H1. Its many multipliers are folded into the weights of a GGUF file; of a folder that is run, whose weights stay as they are, they
// are keys, and a few fall together: what is read is scaled before q, k and v, which a head's scores and its result show.
#include <cmath>

#include "convert/state_space.h"

namespace lt::convert {
namespace {

constexpr const char* parts[] = {"gate", "columns", "b", "c", "steps"};  // of what a state space's projection makes

std::vector<double> numbers(const Config& config, const char* key, size_t count) {
  std::vector<double> out;
  for (const json::Member m : config[key]) out.push_back(m.value.number().value_or(NAN));
  if (!config.has(key)) out.assign(count, 1);
  for (const double x : out)
    if (!std::isfinite(x)) config.fail(key, "expected numbers");
  if (out.size() != count) config.fail(key, "expected " + std::to_string(count) + " numbers, found " + std::to_string(out.size()));
  return out;
}

void read_factors(const Config& config, Description& to) {
  const std::vector<double> feed = numbers(config, "mlp_multipliers", 2), projected = numbers(config, "ssm_multipliers", std::size(parts));
  for (size_t i = 0; i < projected.size(); i++) to.factors[parts[i]] = static_cast<float>(projected[i]);
  to.factors["fed_gate"] = static_cast<float>(feed[0]), to.factors["fed"] = static_cast<float>(feed[1]);
  const std::pair<const char*, const char*> named[] = {
      {"embedding", "embedding_multiplier"},    {"head", "lm_head_multiplier"},           {"key", "key_multiplier"},
      {"attending", "attention_in_multiplier"}, {"attended", "attention_out_multiplier"}, {"scanning", "ssm_in_multiplier"},
      {"scanned", "ssm_out_multiplier"}};
  for (const auto& [name, key] : named) to.factors[name] = static_cast<float>(config.number(key, -1e6, 1e6, 1));
}

void put_scale(Description& to, const char* key, double scale, double unless = 1) {
  if (scale != unless) to.number(key, scale);
}

void describe_factors(Description& to) {
  const auto by = [&](const char* name) { return static_cast<double>(to.factors[name]); };
  const double head = 1 / std::sqrt(static_cast<double>(to.head_dim));
  put_scale(to, "embedding_scale", by("embedding"));
  put_scale(to, "logit_scale", by("head"));
  put_scale(to, "attention.scale", head * by("attending") * by("attending") * by("key"), head);
  put_scale(to, "attention.output_scale", by("attending") * by("attended"));
  put_scale(to, "ssm.output_scale", by("scanned"));
  put_scale(to, "feed_forward.gate_scale", by("fed_gate"));
  put_scale(to, "feed_forward.output_scale", by("fed"));
  const char* const scales[] = {"ssm.gate_scale", "ssm.column_scale", "ssm.b_scale", "ssm.c_scale", "ssm.step_scale"};
  for (size_t i = 0; i < std::size(parts); i++) put_scale(to, scales[i], by("scanning") * by(parts[i]));
}

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_mamba2(
      config, to,
      {.kernel = "mamba_d_conv", .state = "mamba_d_state", .groups = "mamba_n_groups", .heads = "mamba_n_heads", .head = "mamba_d_head"});
  to.integer("vocab_size", to.of("vocabulary"));
  read_factors(config, to);
  if (!to.written) describe_factors(to);
  if (config.boolean("tie_word_embeddings", false) && to.factors["embedding"] != to.factors["head"])
    to.folder_only(config, "lm_head_multiplier");
  if (config.boolean("mamba_rms_norm", false)) config.expect_flag("mamba_norm_before_gate", false);
  for (const char* bias : {"attention_bias", "mamba_proj_bias", "mlp_bias", "projectors_bias"}) config.expect_flag(bias, false);
}

// All rows of a matrix, by one or by two.
Factors by(const char* first, const char* second = nullptr) {
  return [=](const Description& d) { return std::vector<Factor>{{INT64_MAX, d.factors.at(first), second ? d.factors.at(second) : 1}}; };
}
std::vector<Factor> by_parts(const Description& d) {
  const int64_t inner = d.of("inner"), wide = (d.of("channels") - inner) / 2, rows[] = {inner, inner, wide, wide, d.of("state_heads")};
  std::vector<Factor> all;
  for (size_t i = 0; i < std::size(parts); i++) all.push_back({rows[i], d.factors.at("scanning"), d.factors.at(parts[i])});
  return all;
}

Rules with_factors(Rules rules) {
  const std::pair<std::string_view, Factors> of[] = {
      {"token_embd.weight", by("embedding")},     {"output.weight", by("head")},
      {"blk.{}.attn_q.weight", by("attending")},  {"blk.{}.attn_k.weight", by("key", "attending")},
      {"blk.{}.attn_v.weight", by("attending")},  {"blk.{}.attn_output.weight", by("attended")},
      {"blk.{}.ssm_in.weight", by_parts},         {"blk.{}.ssm_out.weight", by("scanned")},
      {"blk.{}.ffn_gate.weight", by("fed_gate")}, {"blk.{}.ffn_down.weight", by("fed")},
  };
  for (Rule& r : rules)
    for (const auto& [name, factors] : of)
      if (r.to == name) r.factors = factors;
  return rules;
}

Rules rules() {
  return with_factors(joined({
      {{"model.embed_tokens.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
       {"model.final_layernorm.weight", "output_norm.weight", everywhere, {"width"}},
       {"lm_head.weight", "output.weight", nullptr, {"vocabulary", "width"}},
       {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
       {"model.layers.{}.pre_ff_layernorm.weight", "blk.{}.ffn_norm", everywhere, {"width"}},
       {"model.layers.{}.feed_forward.gate_proj.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}},
       {"model.layers.{}.feed_forward.up_proj.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
       {"model.layers.{}.feed_forward.down_proj.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}}},
      attention_rules(),
      mamba2_rules("model.layers.{}.mamba.", everywhere, false),
  }));
}

const Architecture falcon_h1{
    .name = "falcon-h1",
    .classes = {"FalconH1ForCausalLM"},
    .describe = describe,
    .tensors = rules(),
};
const RegisterArchitecture registered(falcon_h1);

}  // namespace
}  // namespace lt::convert
