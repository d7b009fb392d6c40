#include <random>

#include "check/check.h"
#include "engine/stop_text.h"

namespace {

using lt::engine::StopText;

// Whatever the pieces: the text before the first stop string to be complete, or all of it.
void check_pieces(const std::string& text, const std::vector<std::string>& stops, const std::string& expected, const std::string& met) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; round++) {
    StopText out(stops);
    std::string shown;
    for (size_t at = 0; at < text.size() && !out.met();) {
      const size_t n = round == 0 ? text.size() : 1 + random() % 4;
      shown += out.push(std::string_view(text).substr(at, n));
      CHECK_THAT(expected.rfind(shown, 0) == 0, "shown too early: " << shown);
      at += n;
    }
    if (!out.met()) shown += out.finish();
    CHECK_THAT(shown == expected, "shown " << shown << ", expected " << expected);
    CHECK_THAT((out.met() ? *out.met() : "") == met, "met " << (out.met() ? *out.met() : "nothing") << ", expected " << met);
  }
}

CHECK_CASE("engine/stop strings end the text wherever tokens are cut") {
  check_pieces("one two three", {"two"}, "one ", "two");
  check_pieces("one two three", {"four"}, "one two three", "");
  check_pieces("aaab", {"aab"}, "a", "aab");
  check_pieces("abababac", {"abac"}, "abab", "abac");
  check_pieces("xyz", {"yzq", "z"}, "xy", "z");
  check_pieces("xyz", {"z", "yz"}, "x", "yz");      // complete at once: the longer
  check_pieces("abcd", {"abcd", "bc"}, "a", "bc");  // complete first
  check_pieces("end <|im", {"<|im_end|>"}, "end <|im", "");
  check_pieces("stop", {"stop"}, "", "stop");
  check_pieces(
      "gr\xc3\xbc\xc3\x9f"
      "e",
      {"\xc3\x9f"}, "gr\xc3\xbc", "\xc3\x9f");
  check_pieces("text", {}, "text", "");
}

CHECK_CASE("engine/stop strings by their definition, on texts of few letters") {
  std::mt19937 random(2);
  const auto letters = [&](size_t n) {
    std::string s;
    for (size_t i = 0; i < n; i++) s += static_cast<char>('a' + random() % 2);
    return s;
  };
  for (int round = 0; round < 300; round++) {
    const std::string text = letters(random() % 30);
    std::vector<std::string> stops;
    for (size_t i = 0; i < 1 + random() % 3; i++) stops.push_back(letters(1 + random() % 6));
    std::string expected = text, met;
    for (size_t end = 1; end <= text.size() && met.empty(); end++)
      for (const std::string& s : stops)
        if (s.size() > met.size() && end >= s.size() && text.compare(end - s.size(), s.size(), s) == 0) {
          met = s;
          expected = text.substr(0, end - s.size());
        }
    check_pieces(text, stops, expected, met);
  }
}

CHECK_CASE("engine/a long stop string that nearly comes costs no more than the text") {
  const std::string most(1 << 20, 'a');
  StopText out({most + "b", most + "c"});
  for (int i = 0; i < (1 << 19); i++) CHECK(out.push("aa").empty());
  CHECK(out.push("a") == "a" && out.push("a") == "a" && out.push("c").empty());
  CHECK(*out.met() == most + "c");
}

}  // namespace
