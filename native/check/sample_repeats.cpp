// DRY and runs that must not come again, against searches that look at every pair of places.
#include <set>

#include "check/sample_after.h"
#include "sample/repeats.h"

namespace {

using namespace lt::check;

std::vector<int32_t> random_text(size_t n, int32_t kinds, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<int32_t> text(n);
  for (int32_t& t : text) t = static_cast<int32_t>(engine() % static_cast<uint32_t>(kinds));
  return text;
}

CHECK_CASE("sample/where the end of a text was there before") {
  for (uint32_t seed = 0; seed < 300; seed++) {
    const std::vector<int32_t> text = random_text(seed % 40, 1 + static_cast<int32_t>(seed % 3), seed);
    const size_t most = 1 + seed % 11;
    const std::vector<size_t> same = lt::sample::same_as_end(text, most);
    CHECK(same.size() == text.size());
    for (size_t i = 0; i < text.size(); i++) {
      size_t length = 0;
      while (length < most && length <= i && text[i - length] == text[text.size() - 1 - length]) length++;
      CHECK_THAT(same[i] == length, "place " << i << " of " << text.size() << ": " << same[i] << ", expected " << length);
    }
  }
}

// Its author's loop: of each place whose token is the last one, how far back the texts agree, up to a breaker.
std::vector<double> dried(const std::vector<float>& logits, const std::vector<int32_t>& text, double multiplier, double base,
                          size_t allowed, const std::set<int32_t>& breakers) {
  std::vector<size_t> longest(logits.size(), 0);
  for (size_t i = 0; i + 1 < text.size() && !breakers.contains(text.back()); i++) {
    if (text[i] != text.back() || breakers.contains(text[i + 1])) continue;
    size_t length = 1;
    while (length <= i && text[i - length] == text[text.size() - 1 - length] && !breakers.contains(text[i - length])) length++;
    size_t& most = longest[static_cast<size_t>(text[i + 1])];
    most = std::max(most, length);
  }
  std::vector<double> out = wide(logits);
  for (size_t id = 0; id < out.size(); id++)
    if (longest[id] > 0 && longest[id] >= allowed) out[id] -= multiplier * std::pow(base, static_cast<double>(longest[id] - allowed));
  return softmax(out);
}

CHECK_CASE("sample/dry penalises what goes on with a repetition") {
  const std::vector<std::string> words{"a", "b\n", "c", ":", "d"};
  const auto text_of = [&](int32_t id) -> std::string_view { return words[static_cast<size_t>(id)]; };
  int changed = 0;
  for (uint32_t seed = 0; seed < 200; seed++) {
    const std::vector<int32_t> text = random_text(2 + seed % 60, 5, seed);
    const std::vector<float> logits = gaussian(5, seed);
    const double allowed = seed % 4;
    const Step step{.history = text, .texts = {"\n", ":"}, .text_of = text_of};
    const auto got = after("dry", {0.8, 1.75, allowed, -1, 0}, logits, step);
    check_near(got, dried(logits, text, 0.8, 1.75, static_cast<size_t>(allowed), {1, 3}), "breakers");
    changed += std::fabs(got[0] - softmax(wide(logits))[0]) > 1e-3;
    const Step plain{.history = text, .texts = {}, .text_of = text_of};
    const std::vector<int32_t> recent(text.end() - std::min<std::ptrdiff_t>(12, std::ssize(text)), text.end());
    check_near(after("dry", {2, 1.2, allowed, 12, 0}, logits, plain), dried(logits, recent, 2, 1.2, static_cast<size_t>(allowed), {}),
               "last 12");
  }
  CHECK(changed > 20);
}

CHECK_CASE("sample/dry's breakers may be longer than a token") {
  const std::vector<std::string> words{"x", "E", "ND", "y"};
  const auto text_of = [&](int32_t id) -> std::string_view { return words[static_cast<size_t>(id)]; };
  const std::vector<float> logits{1, 1, 1, 1};
  const std::vector<int32_t> text{0, 1, 2, 3, 0, 1, 2, 3};  // xENDyxENDy: of "y" alone the repetition is not broken
  const auto by_length = [&](size_t length) { return softmax({1 - 0.5 * std::pow(2, static_cast<double>(length) - 1), 1, 1, 1}); };
  const auto got = [&](std::vector<std::string> texts) {
    return after("dry", {0.5, 2, 1, -1, 0}, logits, Step{.history = text, .texts = std::move(texts), .text_of = text_of});
  };
  check_near(got({"END"}), by_length(1), "END");
  check_near(got({"NDz"}), by_length(4), "another");
  check_near(got({"xEND"}), by_length(1), "over three tokens");
}

CHECK_CASE("sample/dry bears a text of one token") {
  const std::vector<int32_t> text(200'000, 1);
  const auto p = after("dry", {5, 1.75, 2, -1, 0}, {0, 3, 1}, Step{.history = text});
  CHECK(p[1] == 0 && std::fabs(p[2] - softmax({0, 1})[1]) < 1e-6);
}

CHECK_CASE("sample/no run of n tokens comes twice") {
  for (uint32_t seed = 0; seed < 200; seed++) {
    const std::vector<int32_t> text = random_text(seed % 50, 4, seed);
    const std::vector<float> logits = gaussian(6, seed);
    const size_t n = 1 + seed % 5;
    std::set<std::vector<int32_t>> runs;
    for (size_t i = 0; i + n <= text.size(); i++)
      runs.insert({text.begin() + static_cast<int64_t>(i), text.begin() + static_cast<int64_t>(i + n)});
    std::vector<size_t> keep;
    for (int32_t id = 0; id < 6; id++) {
      std::vector<int32_t> run(text.end() - std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(n) - 1, std::ssize(text)), text.end());
      run.push_back(id);
      if (!runs.contains(run)) keep.push_back(static_cast<size_t>(id));
    }
    check_near(after("noRepeatNgram", {static_cast<double>(n)}, logits, text), restricted(softmax(wide(logits)), keep), "n-gram");
  }
  const std::vector<int32_t> all{0, 1, 2};
  check_near(after("noRepeatNgram", {1}, {1, 2, 3}, all), softmax({1, 2, 3}), "nothing else is left");
}

}  // namespace
