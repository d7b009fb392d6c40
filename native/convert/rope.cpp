// How the folders of decoders say that positions are rotated.
#include <algorithm>
#include <cmath>

#include "convert/decoder.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr int64_t most = int64_t{1} << 30;
constexpr double pi = 3.14159265358979323846;
constexpr double least = 1e-6, most_factor = 1e6;  // by which positions are divided

// Section 3.4 of YaRN (Peng et al. 2023), with the share that DeepSeek's configurations name.
double magnitude(double factor, double scale) { return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1; }

// Llama 3's divisors of the frequencies: 1 where a pair turns often in the original context, `factor` where it turns rarely, smooth
// between (the "llama3" rule of transformers' modeling_rope_utils). In float, as it is computed there.
float llama3_divisor(float frequency, float original, float factor, float low, float high) {
  const float length = 1 / frequency * static_cast<float>(2 * pi);
  if (length < original / high) return 1;
  if (length > original / low) return factor;
  const float smooth = (1 / length * original - low) / (high - low);
  return 1 / ((1 - smooth) / factor + smooth);
}

void describe_llama3(const Config& rope, Description& to, int64_t rotary, double base) {
  const double factor = rope.number("factor", least, most_factor, 8);
  const double low = rope.number("low_freq_factor", 1), high = rope.number("high_freq_factor", 4);
  const int64_t original = rope.integer("original_max_position_embeddings", 1, most, 8192);
  if (!(high > low) || low <= 0) rope.fail("high_freq_factor", "expected more than low_freq_factor, and that above 0");
  Computed divisors{"rope_freqs.weight", {}};
  for (int64_t i = 0; i < rotary; i += 2) {
    const float frequency = 1 / std::pow(static_cast<float>(base), static_cast<float>(i) / static_cast<float>(rotary));
    divisors.values.push_back(llama3_divisor(frequency, static_cast<float>(original), static_cast<float>(factor), static_cast<float>(low),
                                             static_cast<float>(high)));
  }
  to.tensors.push_back(std::move(divisors));
}

double checked_base(const Config& config, const char* key, double base) {
  if (!(base >= 1.001 && base <= 1e12)) config.fail(key, "expected a number above 1, of at most 1e12");
  return base;
}

// The kind of a rotation's scaling; both keys are in use.
const char* kind_key(const Config& rope) { return rope.has("rope_type") ? "rope_type" : "type"; }
std::string_view kind_of(const Config& rope) { return rope.string(kind_key(rope), "default"); }

void describe_linear(const Config& rope, Description& to) {
  to.put("rope.scaling.type", "linear");
  to.number("rope.scaling.factor", rope.number("factor", least, most_factor, 1));
}

void put_factors(const Config& rope, Description& to, const char* key, const char* name, int64_t pairs) {
  Computed divisors{name, {}};
  for (const json::Member m : rope[key]) {
    const double x = m.value.number().value_or(0);
    if (!(x >= least && x <= most_factor)) rope.fail(key, "expected numbers above 0");
    divisors.values.push_back(static_cast<float>(x));
  }
  if (std::ssize(divisors.values) != pairs) rope.fail(key, "expected a list of " + std::to_string(pairs) + " numbers");
  to.tensors.push_back(std::move(divisors));
}

// Long-rope: divisors for texts within the original context, and for longer ones; the magnitude is the same.
void describe_factors(const Config& config, const Config& rope, Description& to, int64_t rotary, bool magnitudes) {
  const int64_t trained = config.integer("max_position_embeddings", 1, most);
  const int64_t original =
      rope.integer("original_max_position_embeddings", 1, most, config.integer("original_max_position_embeddings", 1, most, trained));
  const double times = static_cast<double>(trained) / static_cast<double>(original);
  const double said = magnitudes ? rope.number("short_mscale", least, most_factor, 0) : 0;
  if (magnitudes) rope.expect_number("long_mscale", said);
  for (const char* other : {"attention_factor", "short_mscale", "long_mscale"})
    if (rope.has(other) && (said == 0 || other == std::string_view("attention_factor")))
      rope.unsupported(other, "is not read: the magnitude follows from the lengths");
  put_factors(rope, to, "long_factor", "rope_factors_long.weight", rotary / 2);
  put_factors(rope, to, "short_factor", "rope_factors_short.weight", rotary / 2);
  if (times <= 1) return;
  to.number("rope.scaling.attn_factor", said > 0 ? said : std::sqrt(1 + std::log(times) / std::log(static_cast<double>(original))));
  to.integer("rope.scaling.original_context_length", original);
}

struct Scaled {
  const char* key;  // in config.json
  int64_t rotary;   // columns of a head
  double base;
};
void describe_scaling(const Config& config, const Config& rope, Description& to, const Scaled& of, const RopeRules& rules) {
  const std::string_view kind = kind_of(rope);
  if (kind == "linear") {
    describe_linear(rope, to);
  } else if (kind == "yarn") {
    rules.yarn(rope, to);
  } else if (kind == "llama3") {
    describe_llama3(rope, to, of.rotary, of.base);
  } else if (rules.factors && (kind == "longrope" || kind == "su")) {
    describe_factors(config, rope, to, of.rotary, rules.magnitudes);
  } else if (kind != "default" && !(rules.dynamic && kind == "dynamic") && !(rules.sections && kind == "mrope")) {
    config.unsupported(of.key, "rope_type: expected default, linear, yarn or llama3, found \"" + shown(kind) + "\"");
  }
}

// An object of the configuration, or none.
Config object_in(const Config& config, const char* key, json::Value value) {
  if (value && !value.is(json::Kind::object)) config.fail(key, "expected an object or null");
  return {config.name() + ": " + key, value};
}

}  // namespace

void describe_yarn_range(const Config& rope, Description& to) {
  to.put("rope.scaling.type", "yarn");
  to.number("rope.scaling.factor", rope.number("factor", least, most_factor, 1));
  if (rope.has("original_max_position_embeddings"))
    to.integer("rope.scaling.original_context_length", rope.integer("original_max_position_embeddings", 1, most));
  if (rope.has("beta_fast")) to.number("rope.scaling.yarn_beta_fast", rope.number("beta_fast", least, most_factor, 32));
  if (rope.has("beta_slow")) to.number("rope.scaling.yarn_beta_slow", rope.number("beta_slow", least, most_factor, 1));
}

// Where it is not what follows from the factor.
void describe_yarn_magnitude(const Config& rope, Description& to) {
  const double factor = rope.number("factor", least, most_factor, 1);
  double scale = magnitude(factor, 1);
  if (rope.has("mscale") && rope.has("mscale_all_dim"))
    scale = magnitude(factor, rope.number("mscale", 1)) / magnitude(factor, rope.number("mscale_all_dim", 1));
  scale = rope.number("attention_factor", 0, 1e3, scale);
  if (!(scale >= 0 && scale <= 1e3)) rope.fail("mscale", "expected what magnifies at most a thousand times");
  if (std::fabs(scale - magnitude(factor, 1)) > 1e-6) to.number("rope.scaling.yarn_attn_factor", scale);
}

void describe_yarn(const Config& rope, Description& to) {
  if (!rope.boolean("truncate", true)) rope.unsupported("truncate", "YaRN is run with true alone");
  describe_yarn_range(rope, to);
  describe_yarn_magnitude(rope, to);
}

void describe_sections(const Config& config, Description& to, std::vector<int32_t> otherwise) {
  constexpr int64_t most_pairs = 1 << 14;
  constexpr size_t axes = 4;  // time, height, width, and one more that no model has
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  const std::string name = std::string(key) + ": mrope_section";
  const json::Value said = config[key]["mrope_section"];
  std::vector<int32_t> sections;
  for (const json::Member m : said)
    sections.push_back(static_cast<int32_t>(std::clamp<int64_t>(m.value.integer().value_or(-1), -1, most_pairs)));
  if (!said) sections = std::move(otherwise);
  if (sections.empty() || sections.size() > axes || *std::min_element(sections.begin(), sections.end()) < 0)
    config.fail(name, "expected up to four numbers of pairs");
  sections.resize(axes);
  to.put("rope.dimension_sections", std::span<const int32_t>(sections));
}

void describe_rope(const Config& config, Description& to, const RopeRules& rules) {
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  const Config rope = object_in(config, key, config[key]);
  const double base = checked_base(config, "rope_theta", rope.number("rope_theta", config.number("rope_theta", rules.base)));
  const double part = rope.number("partial_rotary_factor", config.number("partial_rotary_factor", rules.partial));
  const auto rotary = static_cast<int64_t>(static_cast<double>(to.head_dim) * part);
  if (rotary < 2 || rotary > to.head_dim || rotary % 2)
    config.fail("partial_rotary_factor", "expected an even number of columns to rotate");
  if (base != rules.unsaid) to.number("rope.freq_base", base);
  if (rotary != to.head_dim) to.integer("rope.dimension_count", rotary);
  describe_scaling(config, rope, to, {key, rotary, base}, rules);
}

void describe_rope_by_kind(const Config& config, Description& to) {
  const json::Value full = config["rope_parameters"]["full_attention"], near = config["rope_parameters"]["sliding_attention"];
  if (!full || !near) {
    describe_rope(config, to);
    if (config.has("sliding_window")) to.number("rope.freq_base_swa", config.number("rope_theta", 10000));
    return;
  }
  const Config far = object_in(config, "rope_parameters: full_attention", full);
  const Config sliding = object_in(config, "rope_parameters: sliding_attention", near);
  const double base = checked_base(config, "rope_theta", far.number("rope_theta", config.number("rope_theta", 10000)));
  sliding.expect_text(kind_key(sliding), "default");
  to.number("rope.freq_base", base);
  to.number("rope.freq_base_swa", checked_base(config, "rope_theta", sliding.number("rope_theta", base)));
  describe_scaling(config, far, to, {"rope_parameters", to.head_dim, base}, {});
}

void describe_two_ropes(const Config& config, Description& to, const Base& full, const Base& sliding, bool scales) {
  const char *key = "rope_parameters", *of_full = "full_attention", *of_sliding = "sliding_attention";
  const json::Value both = config[key];
  if (both && !(both[of_full] && both[of_sliding])) config.fail(key, "expected full_attention and sliding_attention");
  const Config far =
      object_in(config, both ? "rope_parameters: full_attention" : "rope_scaling", both ? both[of_full] : config["rope_scaling"]);
  const Config near = object_in(config, "rope_parameters: sliding_attention", both[of_sliding]);
  const auto base = [&](const Config& rope, const Base& of) {
    rope.expect_number("partial_rotary_factor", 1);
    return checked_base(config, of.key, rope.number("rope_theta", config.number(of.key, of.fallback)));
  };
  to.number("rope.freq_base", base(far, full));
  to.number("rope.freq_base_swa", base(near, sliding));
  near.expect_text(kind_key(near), "default");
  if (scales && kind_of(far) == "linear") return describe_linear(far, to);
  far.expect_text(kind_key(far), "default");
}

}  // namespace lt::convert
