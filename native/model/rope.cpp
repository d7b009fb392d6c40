#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/hyper.h"

namespace lt::model {
namespace {

std::vector<double> plain_frequencies(int64_t columns, double base) {
  std::vector<double> f(static_cast<size_t>(columns / 2));
  for (size_t i = 0; i < f.size(); i++) f[i] = std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(columns));
  return f;
}

// YaRN, section 3.2: pairs that turn often in the original context keep their frequency, those that turn rarely are
// interpolated by `factor`, with a ramp between.
void yarn(std::vector<double>& f, const Loader& loader, double base, double factor, bool truncate) {
  constexpr double pi = 3.14159265358979323846;
  const int64_t trained = loader.integer("context_length", 1, most_context);
  const auto original = static_cast<double>(loader.integer("rope.scaling.original_context_length", 1, most_context, trained));
  const double fast = loader.number("rope.scaling.yarn_beta_fast", 1e-6, 1e6, 32),
               slow = loader.number("rope.scaling.yarn_beta_slow", 1e-6, 1e6, 1);
  const auto dim = static_cast<double>(2 * f.size());
  const auto pair_that_turns = [&](double turns) { return dim * std::log(original / (turns * 2 * pi)) / (2 * std::log(base)); };
  const double first = pair_that_turns(fast), last = pair_that_turns(slow);
  const double low = std::max(truncate ? std::floor(first) : first, 0.0);
  double high = std::min(truncate ? std::ceil(last) : last, dim - 1);
  if (high == low) high += 0.001;
  for (size_t i = 0; i < f.size(); i++) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    f[i] = f[i] / factor * ramp + f[i] * (1 - ramp);
  }
}

// Section 3.4: attention is sharpened by 0.1 ln(factor) + 1, here as a magnitude of rotated columns; a file may state it, or
// the share of it that its scores already hold.
double yarn_magnitude(const Loader& loader, double factor) {
  const auto grow = [&](double scale) { return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1.0; };
  const double share = loader.number("rope.scaling.yarn_log_multiplier", -1e3, 1e3, 0);
  return loader.number("rope.scaling.yarn_attn_factor", 0, 1e3, grow(1) / grow(share));
}

// The magnitude. A factor without a type is linear; so is the key of the oldest files.
double scale(std::vector<double>& f, const Loader& loader, double base, const RopeOptions& options) {
  const std::string kind = loader.text("rope.scaling.type", "linear");
  const double factor = loader.number("rope.scaling.factor", 0, 1e6, loader.number("rope.scale_linear", 0, 1e6, 1));
  if (kind == "yarn") {
    if (factor <= 0) throw Error(Code::format, loader.architecture() + ".rope.scaling.factor: expected a number above 0, found 0");
    yarn(f, loader, base, factor, options.truncate);
    return yarn_magnitude(loader, factor);
  }
  if (kind == "linear") {
    for (double& x : f) x /= factor > 0 ? factor : 1;
  } else if (kind != "none" && kind != "llama3" && !(options.factors && kind == "longrope")) {
    loader.refuse("rope.scaling.type", "none, linear, yarn or llama3", "\"" + kind + "\"");
  }
  return options.factors ? loader.number("rope.scaling.attn_factor", 0, 1e3, 1) : 1;
}

constexpr const char* plain_divisors = "rope_freqs.weight";

// The tensor of divisors, where there is one. One cache cannot hold keys turned by both of long-rope's tables, so the context decides.
std::string divisors_of(const Loader& loader, const RopeOptions& options) {
  if (!options.factors || !loader.has("rope_factors_long.weight")) return plain_divisors;
  const int64_t original =
      loader.integer("rope.scaling.original_context_length", 1, most_context, loader.integer("context_length", 1, most_context));
  return loader.context() > original ? "rope_factors_long.weight" : "rope_factors_short.weight";
}

}  // namespace

Rope read_rope(Loader& loader, int64_t columns, const RopeOptions& options) {
  const double base = loader.number(options.base_key, 1.0001, 1e12, options.base);
  std::vector<double> f = plain_frequencies(columns, base);
  const double magnitude = options.scaled ? scale(f, loader, base, options) : 1;
  std::vector<float> divisors(f.size(), 1.0f);
  if (options.factors)
    for (const char* other : {"rope_factors_short.weight", "rope_factors_long.weight"}) loader.ignore(other);
  const std::string name = divisors_of(loader, options);
  if (options.scaled && (name != plain_divisors || loader.has(name))) divisors = loader.values(name, 1, std::ssize(f));
  std::vector<float> freqs(f.size());
  for (size_t i = 0; i < f.size(); i++) freqs[i] = static_cast<float>(f[i] / divisors[i]);
  return {.freqs = loader.table(freqs), .magnitude = static_cast<float>(magnitude), .neighbours = options.neighbours};
}

}  // namespace lt::model
