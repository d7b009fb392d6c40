// The samplers against plain definitions in double over whole distributions, the draw, and what is refused.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "check/sample_after.h"
#include "sample/logprobs.h"
#include "sample/random.h"
#include "sample/sampler.h"

namespace {

using namespace lt::sample;
using namespace lt::check;
constexpr float inf = std::numeric_limits<float>::infinity();

// The first of `order` whose probabilities reach p.
std::vector<size_t> reaching(const std::vector<size_t>& order, const std::vector<double>& probability, double p) {
  std::vector<size_t> keep;
  double sum = 0;
  for (const size_t i : order) {
    if (!keep.empty() && sum >= p) break;
    keep.push_back(i);
    sum += probability[i];
  }
  return keep;
}

ChainOptions settings(std::vector<Setting> s, uint64_t seed = 0) { return {std::move(s), {}, {}, seed}; }

int32_t greedy(const std::vector<float>& logits) { return Chain(settings({{"temperature", 0}})).choose(logits, {}, -1).id; }

std::string refusal(ChainOptions options) {
  try {
    Chain chain(std::move(options));
  } catch (const lt::Error& e) {
    CHECK(e.code() == lt::Code::argument);
    return e.what();
  }
  return "";
}

bool has(const std::string& text, std::initializer_list<const char*> parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const char* p) { return text.find(p) != std::string::npos; });
}

CHECK_CASE("sample/top-k keeps the k most probable, lower ids among equals") {
  for (const size_t n : {1u, 5u, 700u, 20000u, 20011u})
    for (const size_t k : {1u, 3u, 40u, 600u}) {
      std::vector<float> logits = gaussian(n, static_cast<uint32_t>(n + k));
      for (float& l : logits) l = std::round(l * 16) / 16;  // many equals
      const auto p = softmax(wide(logits));
      auto order = by(n, [&](size_t i) { return -logits[i]; });
      order.resize(std::min(n, k));
      check_near(after("topK", {static_cast<double>(k)}, logits), restricted(p, order), "topK");
    }
}

CHECK_CASE("sample/top-p keeps the smallest nucleus") {
  for (const size_t n : {1u, 7u, 300u, 5000u})
    for (const double target : {0.0, 0.1, 0.5, 0.9, 0.95, 0.9999}) {
      const std::vector<float> logits = gaussian(n, static_cast<uint32_t>(n));
      const auto p = softmax(wide(logits));
      const auto keep = reaching(by(n, [&](size_t i) { return -p[i]; }), p, target);
      check_near(after("topP", {target}, logits), restricted(p, keep), "topP");
    }
}

CHECK_CASE("sample/min-p keeps what is probable beside the most probable") {
  for (const double least : {0.001, 0.05, 0.3, 1.0}) {
    const std::vector<float> logits = gaussian(400, 11);
    const auto p = softmax(wide(logits));
    const double most = *std::max_element(p.begin(), p.end());
    std::vector<size_t> keep;
    for (size_t i = 0; i < p.size(); i++)
      if (p[i] >= least * most) keep.push_back(i);
    check_near(after("minP", {least}, logits), restricted(p, keep), "minP");
  }
}

CHECK_CASE("sample/typical keeps the surprises nearest to the entropy") {
  for (const double target : {0.0, 0.2, 0.7, 0.95}) {
    const std::vector<float> logits = gaussian(500, 5, 2);
    const auto p = softmax(wide(logits));
    double entropy = 0;
    for (const double v : p) entropy -= v * std::log(v);
    const auto keep = reaching(by(p.size(), [&](size_t i) { return std::fabs(-std::log(p[i]) - entropy); }), p, target);
    check_near(after("typicalP", {target}, logits), restricted(p, keep), "typicalP");
  }
  const auto flat = after("typicalP", {0.2}, {0.0f, std::log(8.0f), 0.0f, 0.0f});  // the best token can be the atypical one
  CHECK(flat[1] == 0 || flat[1] == 1);
}

CHECK_CASE("sample/temperature divides the logits") {
  for (const double t : {0.05, 0.7, 1.0, 3.0, 100.0}) {
    const std::vector<float> logits = gaussian(300, 9);
    std::vector<double> scaled = wide(logits);
    for (double& l : scaled) l /= t;
    const auto got = after("temperature", {t}, logits), expected = softmax(scaled);
    for (size_t i = 0; i < got.size(); i++) CHECK_THAT(std::fabs(got[i] - expected[i]) < 1e-4, t << " " << got[i] << " " << expected[i]);
  }
  const auto cold = after("temperature", {1e-42}, {1, 3, 2});  // the quotients overflow
  CHECK(cold[1] == 1);
}

CHECK_CASE("sample/penalties change what the last tokens contain") {
  const std::vector<float> logits{2, -1, 0.5f, 3, 1};
  const std::vector<int32_t> history{4, 0, 1, 3, 3};
  std::vector<double> expected{2 / 1.5, -1 * 1.5, 0.5, 3 / 1.5, 1};
  const double frequency = 0.25, presence = 0.5;
  expected[0] -= frequency + presence;
  expected[1] -= frequency + presence;
  expected[3] -= 2 * frequency + presence;
  check_near(after("penalties", {1.5, frequency, presence, 4}, logits, history), softmax(expected), "last 4");
  expected[4] = 1 / 1.5 - frequency - presence;
  for (const double all : {-1.0, 64.0})
    check_near(after("penalties", {1.5, frequency, presence, all}, logits, history), softmax(expected), "all");
  check_near(after("penalties", {1.5, frequency, presence, 0}, logits, history), softmax(wide(logits)), "none");
}

CHECK_CASE("sample/penalties find their tokens after other samplers") {
  const std::vector<float> logits{5, 4, 3, 2, 1};
  const std::vector<int32_t> history{0};
  ChainOptions o{{{"topK", 2}, {"repeatPenalty", 100}, {"temperature", 0}}, {"topK", "penalties", "temperature"}, {}, 0};
  CHECK(Chain(o).choose(logits, history, -1).id == 1);
}

CHECK_CASE("sample/greedy takes the lowest id among the best") {
  CHECK(greedy({1, 5, 5, 2}) == 1);
  CHECK(greedy({-3}) == 0);
  for (uint32_t seed = 0; seed < 50; seed++) {
    std::vector<float> logits = gaussian(1000, seed);
    for (float& l : logits) l = std::round(l);
    const auto most = std::max_element(logits.begin(), logits.end()) - logits.begin();
    CHECK(greedy(logits) == most);
  }
}

CHECK_CASE("sample/greedy obeys penalties, typical and bias") {
  const std::vector<float> logits{1, 5, 4.9f, 2};
  const std::vector<int32_t> history{1};
  CHECK(Chain(settings({{"temperature", 0}, {"repeatPenalty", 1.3}})).choose(logits, history, -1).id == 2);
  CHECK(Chain({{{"temperature", 0}}, {}, {{1, -inf}}, 0}).choose(logits, {}, -1).id == 2);
  CHECK(Chain({{{"temperature", 0}}, {}, {{3, 3.5f}}, 0}).choose(logits, {}, -1).id == 3);
}

// Pearson's chi-square of draws against p, over tokens that are expected at least 5 times.
void check_draws(ChainOptions options, const std::vector<float>& logits, const std::vector<double>& p) {
  constexpr int draws = 20000;
  Chain chain(std::move(options));
  std::vector<int> seen(p.size());
  for (int i = 0; i < draws; i++) seen[static_cast<size_t>(chain.choose(logits, {}, -1).id)]++;
  double chi = 0;
  int freedom = -1;
  for (size_t i = 0; i < p.size(); i++) {
    const double expected = p[i] * draws;
    CHECK_THAT(p[i] > 0 || seen[i] == 0, "a dropped token was drawn: " << i);
    if (expected < 5) continue;
    chi += (seen[i] - expected) * (seen[i] - expected) / expected;
    freedom++;
  }
  const double limit = freedom + 4 * std::sqrt(2.0 * freedom) + 8;  // beyond the 99.99th percentile
  CHECK_THAT(chi < limit, "chi-square " << chi << " at " << freedom << " degrees of freedom");
}

CHECK_CASE("sample/draws follow the distribution") {
  const std::vector<float> logits = gaussian(60, 3, 1.5);
  const auto plain = softmax(wide(logits));
  check_draws({{{"temperature", 1}}, {"temperature"}, {}, 7}, logits, plain);
  auto order = by(60, [&](size_t i) { return -logits[i]; });
  order.resize(10);
  check_draws({{{"temperature", 1}, {"topK", 10}}, {"topK", "temperature"}, {}, 8}, logits, restricted(plain, order));
  check_draws({{{"temperature", 1}}, {"temperature"}, {}, 1}, {0, 0, 0, -inf}, {1.0 / 3, 1.0 / 3, 1.0 / 3, 0});
}

CHECK_CASE("sample/the order of samplers matters as given") {
  const std::vector<float> logits{3, 2, 1, 0};
  const auto kept = [&](std::vector<std::string> order) {
    std::map<int32_t, int> seen;
    Chain chain({{{"temperature", 5}, {"topP", 0.6}}, std::move(order), {}, 1});
    for (int i = 0; i < 500; i++) seen[chain.choose(logits, {}, -1).id]++;
    return seen.size();
  };
  CHECK(kept({"topP", "temperature"}) == 1);  // 0.64 before
  CHECK(kept({"temperature", "topP"}) == 3);  // 0.33, 0.27, 0.22 after
}

CHECK_CASE("sample/the same seed gives the same tokens, step by step") {
  const std::vector<float> logits = gaussian(1000, 21);
  Chain a(settings({}, 42)), b(settings({}, 42)), c(settings({}, 43));
  int differing = 0;
  for (int i = 0; i < 200; i++) {
    const int32_t id = a.choose(logits, {}, -1).id;
    CHECK(id == b.choose(logits, {}, 5).id);
    differing += id != c.choose(logits, {}, -1).id;
  }
  CHECK(differing > 50);
}

CHECK_CASE("sample/random numbers of close seeds and steps are unrelated") {
  double sum = 0, with_next_seed = 0, with_next_step = 0;
  constexpr int n = 100000;
  for (uint64_t i = 0; i < n; i++) {
    const double u = random_unit(i % 10, i / 10) - 0.5;
    sum += u;
    with_next_seed += u * (random_unit(i % 10 + 1, i / 10) - 0.5);
    with_next_step += u * (random_unit(i % 10, i / 10 + 1) - 0.5);
    CHECK(u >= -0.5 && u < 0.5);
  }
  CHECK(std::fabs(sum / n) < 0.005 && std::fabs(with_next_seed / n) < 0.002 && std::fabs(with_next_step / n) < 0.002);
}

CHECK_CASE("sample/log-probabilities are of the model's own distribution") {
  const std::vector<float> logits = gaussian(3000, 17, 20);
  std::vector<long double> exact(logits.size());
  long double sum = 0;
  const float most = *std::max_element(logits.begin(), logits.end());
  for (const float l : logits) sum += std::exp(static_cast<long double>(l) - most);
  for (size_t i = 0; i < exact.size(); i++) exact[i] = logits[i] - most - std::log(sum);
  Chain chain({{{"temperature", 0.3}, {"topK", 5}}, {}, {}, 3});
  const Choice choice = chain.choose(logits, {}, 7);
  CHECK(std::fabs(choice.logprob - exact[static_cast<size_t>(choice.id)]) < 1e-5);
  CHECK(choice.top.size() == 7);
  const auto order = by(logits.size(), [&](size_t i) { return -logits[i]; });
  for (size_t i = 0; i < 7; i++) {
    CHECK(choice.top[i].id == static_cast<int32_t>(order[i]));
    CHECK(std::fabs(choice.top[i].logprob - exact[order[i]]) < 1e-5);
  }
  const std::vector<float> huge{1e30f, 1e30f};
  const LogSoftmax shifted(huge);
  CHECK(std::fabs(shifted.best(1)[0].logprob + std::log(2.0)) < 1e-6);
  CHECK(Chain(settings({{"temperature", 0}})).choose(std::vector<float>{2, 2, 1}, {}, 99).top.size() == 3);
}

// Some logit but the banned one's is a number, or +infinity.
bool can_choose(const std::vector<float>& logits, int banned) {
  for (size_t id = 0; id < logits.size(); id++)
    if (logits[id] > -inf && static_cast<int>(id) != banned) return true;
  return false;
}

CHECK_CASE("sample/no logits can harm") {
  const float nan = std::nanf("");
  CHECK(greedy({nan, nan, -5, nan}) == 2);
  CHECK_THROWS(greedy({nan, nan}), lt::Code::argument);
  CHECK_THROWS(greedy({-inf, -inf}), lt::Code::argument);
  CHECK(greedy({1, inf, inf}) == 1);
  std::mt19937 engine(1);
  const float odd[] = {nan, inf, -inf, 3e38f, -3e38f, 0, 1, 1e-40f};
  const std::vector<int32_t> history{0, 1, 1, 2, -1, 2147483647};
  for (int i = 0; i < 2000; i++) {
    std::vector<float> logits(1 + engine() % 9);
    for (float& l : logits) l = odd[engine() % (i % 2 ? 3 : 8)];
    Chain chain({{{"temperature", i % 3 ? 0.01 : 100},
                  {"repeatPenalty", 0.01 + i % 7},
                  {"presencePenalty", -100},
                  {"typicalP", 0.1 * (i % 10)},
                  {"topK", double(i % 4)},
                  {"topP", 0.2 * (i % 6)},
                  {"minP", 0.25 * (i % 5)}},
                 {},
                 {{static_cast<int32_t>(i % 5), i % 2 ? -inf : 100.0f}},
                 static_cast<uint64_t>(i)});
    if (!can_choose(logits, i % 2 ? i % 5 : -1)) {
      CHECK_THROWS(chain.choose(logits, history, 3), lt::Code::argument);
      continue;
    }
    const Choice choice = chain.choose(logits, history, 3);
    CHECK(choice.id >= 0 && static_cast<size_t>(choice.id) < logits.size());
    CHECK(logits[static_cast<size_t>(choice.id)] > -inf && (i % 2 == 0 || choice.id != i % 5));
    for (const Logprob& l : choice.top) CHECK(!std::isnan(l.logprob) && l.logprob <= 0);
  }
}

CHECK_CASE("sample/a banned token is never drawn") {
  Chain chain({{{"temperature", 100}}, {"temperature"}, {{0, -inf}, {2, -inf}}, 5});
  for (int i = 0; i < 300; i++) CHECK(chain.choose(std::vector<float>{9, 1, 8, 1}, {}, -1).id % 2 == 1);
}

std::vector<LogitBias> ban(std::initializer_list<std::pair<int32_t, int32_t>> ranges) {
  std::vector<LogitBias> bias;
  for (const auto& [first, end] : ranges)
    for (int32_t id = first; id < end; id++) bias.push_back({id, -inf});
  return bias;
}

// Every way of choosing: greedy, the samplers in several orders, none.
std::vector<ChainOptions> ways() {
  std::vector<ChainOptions> all;
  for (const std::vector<std::string>& order : {std::vector<std::string>{},
                                                {"topK", "temperature"},
                                                {"temperature", "topK"},
                                                {"minP", "topP", "typicalP"},
                                                {"typicalP", "penalties", "topK"},
                                                {"temperature"}})
    all.push_back({{}, order, {}, 3});
  for (const std::vector<std::string>& order : {std::vector<std::string>{}, {"temperature", "topK"}, {"topK", "penalties", "temperature"}})
    all.push_back({{{"temperature", 0}, {"topK", 3}}, order, {}, 3});
  all.push_back({{{"topK", 0}, {"topP", 1}, {"minP", 0}, {"temperature", 1}}, {}, {}, 3});
  return all;
}

CHECK_CASE("sample/where every token is banned, none is chosen") {
  const std::vector<int32_t> history{1, 2, 2};
  for (const size_t n : {1u, 4u, 700u, 40000u})
    for (ChainOptions o : ways()) {
      const std::vector<float> logits = gaussian(n, 4);
      const auto last = static_cast<int32_t>(n);
      o.bias = ban({{0, last}});
      CHECK_THROWS(Chain(o).choose(logits, history, -1), lt::Code::argument);
      o.bias.push_back({0, 5});  // what is banned stays banned
      CHECK_THROWS(Chain(o).choose(logits, history, -1), lt::Code::argument);
      for (const int32_t left : {0, last / 2, last - 1}) {
        o.bias = ban({{0, left}, {left + 1, last}});
        CHECK(Chain(o).choose(logits, history, -1).id == left);
        std::vector<float> hopeless = logits;
        hopeless[static_cast<size_t>(left)] = -inf;
        CHECK_THROWS(Chain(o).choose(hopeless, history, -1), lt::Code::argument);
      }
    }
}

CHECK_CASE("sample/a ban is as if the logit were -infinity, whatever the way of choosing") {
  for (const size_t n : {5u, 700u, 40000u})
    for (ChainOptions o : ways()) {
      std::vector<float> logits = gaussian(n, 8);
      const std::vector<int32_t> history{1, 2, 2};
      auto order = by(n, [&](size_t i) { return -logits[i]; });
      order.resize(std::min<size_t>(n - 1, 60));
      Chain plain(o);
      for (const size_t i : order) o.bias.push_back({static_cast<int32_t>(i), -inf});
      Chain banning(o);
      std::vector<float> without = logits;
      for (const size_t i : order) without[i] = -inf;
      for (int i = 0; i < 20; i++) CHECK(banning.choose(logits, history, -1).id == plain.choose(without, history, -1).id);
    }
}

CHECK_CASE("sample/rows behind the tokens are never chosen, and count in log-probabilities") {
  for (ChainOptions o : ways()) {
    std::vector<float> logits = gaussian(1000, 6);
    for (size_t i = 990; i < 1000; i++) logits[i] = 50;
    o.tokens = 990;
    Chain chain(o), plain([&] {
      ChainOptions all = o;
      all.tokens = 1000;
      return all;
    }());
    const std::vector<float> named(logits.begin(), logits.begin() + 990);
    for (int i = 0; i < 20; i++) {
      const Choice c = chain.choose(logits, {}, 10);
      CHECK(c.id == plain.choose(named, {}, -1).id);
      CHECK(c.top.size() == 10 && c.top[0].id == 990 && std::fabs(c.top[0].logprob + std::log(10.0)) < 1e-5 && c.logprob < -20);
    }
    o.tokens = 5000;  // a file with more names than rows is refused when it is loaded
    Chain(o).choose(logits, {}, -1);
  }
}

CHECK_CASE("sample/what are numbers") {
  const float nan = std::nanf("");
  CHECK(are_numbers(std::vector<float>{0, -inf, 3e38f}) && are_numbers(gaussian(5000, 1)));
  CHECK(!are_numbers(std::vector<float>{0, nan}) && !are_numbers(std::vector<float>{inf, 0}) &&
        !are_numbers(std::vector<float>{-inf, -inf}));
  for (const float bad : {nan, inf}) {
    std::vector<float> logits = gaussian(5000, 1);
    logits[4321] = bad;
    CHECK(!are_numbers(logits));
  }
}

CHECK_CASE("sample/refusals name the parameter, its range and what was found") {
  CHECK(has(refusal(settings({{"temperature", -0.5}})), {"temperature", "from 0 to 100", "-0.5"}));
  CHECK(has(refusal(settings({{"temperature", std::nan("")}})), {"temperature", "nan"}));
  CHECK(has(refusal(settings({{"topK", 1.5}})), {"topK", "an integer", "1.5"}));
  CHECK(has(refusal(settings({{"topP", 1.01}})), {"topP", "from 0 to 1", "1.01"}));
  CHECK(has(refusal(settings({{"repeatPenalty", 0}})), {"repeatPenalty", "from 0.01"}));
  CHECK(has(refusal(settings({{"top_k", 4}})), {"\"top_k\"", "topK", "penaltyLastN"}));
  CHECK(has(refusal({{}, {"topK", "magic"}, {}, 0}), {"\"magic\"", "minP", "typicalP"}));
  CHECK(has(refusal({{}, {"topK", "topK"}, {}, 0}), {"once", "topK"}));
  CHECK(has(refusal({{{"minP", 0.2}}, {"topK"}, {}, 0}), {"minP", "no effect"}));
  CHECK(has(refusal({{}, {}, {{-1, 0}}, 0}), {"bias", "-1"}));
  CHECK(has(refusal({{}, {}, {{1, std::nanf("")}}, 0}), {"bias of token 1"}));
  CHECK(has(refusal({{}, {}, {{1, inf}}, 0}), {"bias of token 1", "inf"}));
  CHECK(refusal({{{"minP", 0.05}}, {"topK"}, {}, 0}).empty());  // its fallback: nothing is lost
}

CHECK_CASE("sample/the table is whole") {
  const auto order = default_order();
  const std::vector<std::string_view> expected{"penalties", "dry",  "noRepeatNgram", "topNSigma",   "topK",     "typicalP",
                                               "topP",      "minP", "xtc",           "temperature", "mirostat", "adaptiveP"};
  CHECK(std::equal(order.begin(), order.end(), expected.begin(), expected.end()));
  CHECK(samplers().size() == order.size());
  for (const SamplerEntry& e : samplers()) {
    CHECK(!e.sentence.empty() && !e.parameters.empty());
    for (const Parameter& p : e.parameters) {
      CHECK(!p.sentence.empty() && p.fallback >= p.minimum && p.fallback <= p.maximum);
      CHECK(p.type == "number" || p.type == "integer" || p.type == "boolean" || p.type == "texts");
    }
  }
}

}  // namespace
