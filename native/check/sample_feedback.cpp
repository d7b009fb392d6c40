// Samplers that follow what they chose: each step against the formulas of the paper, with what it chose.
#include "check/sample_after.h"
#include "core/error.h"

namespace {

using namespace lt::check;
using lt::sample::Chain;
using lt::sample::ChainOptions;
using lt::sample::Memory;

double bits_of(double p) { return -std::log2(p); }

// Basu et al. 2020, equations 30 and 2.
size_t paper_k(std::vector<double> p, double mu) {
  std::sort(p.begin(), p.end(), std::greater<>());
  double above = 0, below = 0;
  for (size_t i = 1; i < std::min<size_t>(100, p.size()); i++) {
    const double t = std::log((i + 1.0) / static_cast<double>(i)), b = std::log(p[i - 1] / p[i]);
    above += t * b;
    below += t * t;
  }
  const double s = above / below, e = s - 1, n = static_cast<double>(p.size());
  return static_cast<size_t>(std::max(1.0, std::min(n, std::pow(e * std::pow(2, mu) / (1 - std::pow(n, -e)), 1 / s))));
}

CHECK_CASE("sample/mirostat 1 keeps as many tokens as its paper says, and follows the surprise") {
  for (const double target : {1.5, 3.0, 5.0}) {
    Memory memory = sampler_named("mirostat").make({{1, target, 0.1}, {}, {}})->first();
    CHECK(memory[0] == 2 * target);
    double mu = 2 * target;
    for (uint64_t step = 0; step < 60; step++) {
      const std::vector<float> logits = gaussian(500, static_cast<uint32_t>(step), 2);
      const auto p = softmax(wide(logits));
      const size_t chosen = the_one(after("mirostat", {1, target, 0.1}, logits, Step{.seed = 9, .step = step, .memory = &memory}));
      const auto rank = std::count_if(p.begin(), p.end(), [&](double q) { return q > p[chosen]; });
      CHECK_THAT(static_cast<size_t>(rank) < paper_k(p, mu), "rank " << rank << ", kept " << paper_k(p, mu));
      mu -= 0.1 * (bits_of(p[chosen]) - target);
      CHECK_THAT(std::fabs(memory[0] - mu) < 1e-6, memory[0] << ", expected " << mu);
    }
  }
}

CHECK_CASE("sample/mirostat 1 draws from all that it keeps") {
  const std::vector<float> logits = gaussian(300, 4, 1.5);
  const auto p = softmax(wide(logits));
  auto order = by(p.size(), [&](size_t i) { return -p[i]; });
  order.resize(paper_k(p, 6));
  CHECK(order.size() > 2 && order.size() < 250);
  const auto expected = restricted(p, order);
  std::vector<double> seen(p.size(), 0);
  constexpr int draws = 20000;
  for (uint64_t step = 0; step < draws; step++) {
    Memory memory{6};
    seen[the_one(after("mirostat", {1, 3, 0.1}, logits, Step{.seed = 2, .step = step, .memory = &memory}))] += 1.0 / draws;
  }
  for (size_t i = 0; i < p.size(); i++) CHECK(std::fabs(seen[i] - expected[i]) <= 4.5 * std::sqrt(expected[i] / draws));
}

CHECK_CASE("sample/mirostat 2 drops what surprises too much, and follows the surprise among the rest") {
  double mu = 4;
  Memory memory{mu};
  for (uint64_t step = 0; step < 200; step++) {
    const std::vector<float> logits = gaussian(200, static_cast<uint32_t>(step), 2);
    const auto p = softmax(wide(logits));
    const size_t chosen = the_one(after("mirostat", {2, 2, 0.2}, logits, Step{.seed = 3, .step = step, .memory = &memory}));
    double rest = 0, most = 0;
    for (const double q : p) most = std::max(most, q);
    for (const double q : p) rest += bits_of(q) <= mu || q == most ? q : 0;
    CHECK(bits_of(p[chosen]) <= mu || p[chosen] == most);
    mu -= 0.2 * (bits_of(p[chosen] / rest) - 2);
    CHECK_THAT(std::fabs(memory[0] - mu) < 1e-6, memory[0] << ", expected " << mu);
  }
}

ChainOptions chain_of(std::vector<lt::sample::Setting> settings, std::vector<std::string> order = {}) {
  ChainOptions o;
  o.settings = std::move(settings);
  o.order = std::move(order);
  o.seed = 11;
  return o;
}

// Over many steps of one distribution: the mean surprise is the target, which is what the paper is about.
CHECK_CASE("sample/mirostat meets its target") {
  std::vector<float> logits;  // by Zipf's law
  for (int i = 1; i <= 2000; i++) logits.push_back(-1.3f * std::log(static_cast<float>(i)));
  const auto p = softmax(wide(logits));
  for (const double version : {1.0, 2.0})
    for (const double target : {3.0, 4.0}) {
      Chain chain(chain_of({{"mirostat", version}, {"mirostatTau", target}, {"temperature", 1}}));
      double kept = 0;
      for (int i = 0; i < 3000; i++) kept += bits_of(p[static_cast<size_t>(chain.choose(logits, {}, -1).id)]) / 3000;
      CHECK_THAT(std::fabs(kept - target) < (version == 1 ? 0.15 : 0.6), version << ": " << kept << ", expected " << target);
    }
}

CHECK_CASE("sample/beside mirostat nothing else drops tokens") {
  const std::vector<float> logits = gaussian(2000, 8, 0.3f);
  Chain wide_open(chain_of({{"mirostat", 2}, {"mirostatTau", 20}, {"temperature", 1}}));
  std::vector<int> seen(logits.size(), 0);
  for (int i = 0; i < 4000; i++) seen[static_cast<size_t>(wide_open.choose(logits, {}, -1).id)]++;
  CHECK(std::count_if(seen.begin(), seen.end(), [](int n) { return n > 0; }) > 1000);  // topK would leave 40
  CHECK_THROWS(Chain(chain_of({{"mirostat", 1}, {"topK", 5}})), lt::Code::argument);
  Chain ordered(chain_of({{"mirostat", 1}, {"topK", 3}}, {"topK", "mirostat"}));  // as it is told
  for (int i = 0; i < 200; i++) {
    const auto id = static_cast<size_t>(ordered.choose(logits, {}, -1).id);
    CHECK(std::count_if(logits.begin(), logits.end(), [&](float l) { return l > logits[id]; }) < 3);
  }
}

// The formulas of its authors, step by step.
CHECK_CASE("sample/adaptive-p aims at its target and follows what it chose") {
  double sum = 0.4 / (1 - 0.8), count = 1 / (1 - 0.8);
  Memory memory{sum, count};
  std::vector<double> expected_often, seen_often;
  for (uint64_t step = 0; step < 4000; step++) {
    const std::vector<float> logits = gaussian(12, static_cast<uint32_t>(step % 40), 1.5);
    const auto p = softmax(wide(logits));
    const double aim = std::min(1.0, std::max(0.0, 2 * 0.4 - sum / count));
    std::vector<double> curve;
    for (const double q : p) {
      const double d = std::fabs(q - aim) / 0.3;
      curve.push_back(5.0 - 10.0 * d * d / (1.0 + d));
    }
    const auto chance = softmax(curve);
    const size_t chosen = the_one(after("adaptiveP", {0.4, 0.8}, logits, Step{.seed = 6, .step = step, .memory = &memory}));
    expected_often.resize(12), seen_often.resize(12);
    for (size_t i = 0; i < 12; i++) expected_often[i] += chance[i];
    seen_often[chosen]++;
    sum = p[chosen] + 0.8 * sum;
    count = 1 + 0.8 * count;
    CHECK(std::fabs(memory[0] - sum) < 1e-6 && std::fabs(memory[1] - count) < 1e-9);
  }
  for (size_t i = 0; i < 12; i++)
    CHECK_THAT(std::fabs(seen_often[i] - expected_often[i]) < 4 * std::sqrt(expected_often[i]) + 1,
               i << ": " << seen_often[i] << ", expected " << expected_often[i]);
}

CHECK_CASE("sample/adaptive-p never chooses what is banned") {
  const float banned = -std::numeric_limits<float>::infinity();
  for (uint64_t step = 0; step < 300; step++) {
    Memory memory{0, 1};
    const size_t id = the_one(after("adaptiveP", {0, 0}, {0, banned, 4, banned}, Step{.step = step, .memory = &memory}));
    CHECK(id == 0 || id == 2);
  }
}

CHECK_CASE("sample/what is taken back is chosen anew, without the token") {
  const auto settings = [] {
    ChainOptions o = chain_of({{"mirostat", 2}, {"mirostatTau", 3}, {"temperature", 1.2}});
    o.takes_back = true;
    return o;
  };
  const auto logits_at = [](int i) { return gaussian(80, static_cast<uint32_t>(100 + i), 2); };
  Chain plain(settings()), chain(settings());
  std::vector<int32_t> chosen;
  for (int i = 0; i < 10; i++) chosen.push_back(plain.choose(logits_at(i), {}, -1).id);
  for (int i = 0; i < 7; i++) CHECK(chain.choose(logits_at(i), {}, -1).id == chosen[static_cast<size_t>(i)]);
  chain.take_back(3, 79 - chosen[4]);  // another than the one that was chosen: the same again
  for (int i = 4; i < 10; i++)
    if (79 - chosen[4] != chosen[4]) CHECK(chain.choose(logits_at(i), {}, -1).id == chosen[static_cast<size_t>(i)]);
  chain.take_back(10, chosen[0]);
  CHECK(chain.choose(logits_at(0), {}, -1).id != chosen[0]);
  const int32_t second = chain.choose(logits_at(1), {}, -1).id;
  chain.take_back(1, second);
  chain.take_back(0, chosen[1]);
  const int32_t third = chain.choose(logits_at(1), {}, -1).id;
  CHECK(third != second && third != chosen[1]);
}

CHECK_CASE("sample/a bias that expires") {
  ChainOptions o = chain_of({{"temperature", 0}});
  o.bias = {{1, 50, 3}, {2, -std::numeric_limits<float>::infinity(), 5}};
  Chain chain(o);
  for (const int32_t expected : {1, 1, 1, 0, 0, 2, 2}) CHECK(chain.choose(std::vector<float>{1, 0, 3}, {}, -1).id == expected);
}

}  // namespace
