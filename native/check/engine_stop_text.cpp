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

}  // namespace
