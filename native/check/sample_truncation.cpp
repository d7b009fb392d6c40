// Samplers that drop or widen, against the formulas of where they come from, in double.
#include <set>

#include "check/sample_after.h"
#include "sample/random.h"

namespace {

using namespace lt::check;
using lt::sample::Candidate;
constexpr float least_logit = -std::numeric_limits<float>::infinity();

CHECK_CASE("sample/top-n-sigma keeps what is within n deviations of the largest") {
  for (const double n : {0.3, 1.0, 2.5}) {
    std::vector<float> logits = gaussian(900, 31);
    logits[7] = logits[8] = least_logit;  // banned ones do not count
    double mean = 0, variance = 0, most = -1e9;
    for (const float l : logits)
      if (l > least_logit) mean += l / 898.0, most = std::max<double>(most, l);
    for (const float l : logits)
      if (l > least_logit) variance += (l - mean) * (l - mean) / 898.0;
    std::vector<size_t> keep;
    for (size_t i = 0; i < logits.size(); i++)
      if (logits[i] >= most - n * std::sqrt(variance)) keep.push_back(i);
    CHECK(keep.size() < 898);
    check_near(after("topNSigma", {n}, logits), restricted(softmax(wide(logits)), keep), "topNSigma");
  }
  const std::vector<float> logits = gaussian(50, 1);
  for (const double off : {0.0, -1.0}) check_near(after("topNSigma", {off}, logits), softmax(wide(logits)), "off");
  CHECK(the_one(after("topNSigma", {1.0}, {3})) == 0);
}

// The rule of its author: of the tokens that reach the threshold, all go but the least probable one.
std::vector<double> without_top(const std::vector<double>& p, double threshold) {
  std::vector<size_t> order = by(p.size(), [&](size_t i) { return -p[i]; });
  size_t top = 0;
  while (top < order.size() && p[order[top]] >= threshold) top++;
  if (top > 1) order.erase(order.begin(), order.begin() + static_cast<int64_t>(top) - 1);
  return restricted(p, order);
}

CHECK_CASE("sample/xtc drops the most probable tokens but one") {
  for (const double threshold : {0.02, 0.1, 0.2, 0.5})
    for (uint32_t seed = 0; seed < 20; seed++) {
      const std::vector<float> logits = gaussian(40, seed, 2);
      check_near(after("xtc", {1, threshold}, logits), without_top(softmax(wide(logits)), threshold), "xtc");
    }
  const std::vector<float> equal{2, 2, 2, 0, 0};
  CHECK(after("xtc", {1, 0.2}, equal)[2] > 0 && after("xtc", {1, 0.2}, equal)[0] == 0);
  const std::vector<float> sure{9, 0, 0};  // one alone is no choice
  check_near(after("xtc", {1, 0.1}, sure), softmax(wide(sure)), "one");
  check_near(after("xtc", {1, 0.51}, equal), softmax(wide(equal)), "off");
}

CHECK_CASE("sample/xtc runs as often as it is told, and not by the number of the draw") {
  const std::vector<float> logits{1, 1, 0, 0};
  constexpr int steps = 4000;
  int ran = 0, both_low = 0;
  for (uint64_t step = 0; step < steps; step++) {
    const bool did = after("xtc", {0.3, 0.1}, logits, Step{.seed = 5, .step = step})[0] == 0;
    ran += did;
    both_low += did && lt::sample::random_unit(5, step) < 0.3;
  }
  const double deviation = std::sqrt(steps * 0.3 * 0.7);
  CHECK(std::fabs(ran - steps * 0.3) < 4 * deviation);
  CHECK(std::fabs(both_low - steps * 0.09) < 4 * std::sqrt(steps * 0.09 * 0.91));
}

CHECK_CASE("sample/dynamic temperature follows the entropy") {
  for (const double exponent : {0.5, 1.0, 2.0})
    for (const double deviation : {0.2, 1.0, 4.0}) {
      const std::vector<float> logits = gaussian(120, 77, static_cast<float>(deviation));
      const auto p = softmax(wide(logits));
      double entropy = 0;
      for (const double v : p) entropy -= v * std::log(v);
      const double t = 0.3 + (1.7 - 0.3) * std::pow(entropy / std::log(120.0), exponent);
      std::vector<double> scaled = wide(logits);
      for (double& l : scaled) l /= t;
      const auto got = after("temperature", {1.0, 0.7, exponent}, logits), expected = softmax(scaled);
      for (size_t i = 0; i < got.size(); i++) CHECK_THAT(std::fabs(got[i] - expected[i]) < 1e-5, t << " " << got[i] << " " << expected[i]);
    }
  CHECK(the_one(after("temperature", {0.5, 0.5, 1}, {0, 800, 0})) == 1);  // no entropy, temperature 0
  check_near(after("temperature", {1, 0, 3}, {1, 2, 3}), softmax({1, 2, 3}), "no range");
}

}  // namespace
