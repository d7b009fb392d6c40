// Generated text on its way out: held back while it may be the beginning of a stop string.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lt::engine {

class StopText {
 public:
  explicit StopText(std::vector<std::string> stops);

  // What can be shown now. The first stop string to be complete ends the text before it, however the text is cut into pieces.
  // Takes time in proportion to the text, however long the stop strings are.
  std::string push(std::string_view text);
  std::string finish();  // what was held back
  const std::string* met() const { return met_; }

 private:
  // A stop string and how much of it the text so far ends with (Knuth, Morris and Pratt 1977, "Fast pattern matching in strings").
  struct Stop {
    std::string text;
    std::vector<uint32_t> border;  // of the first n + 1 bytes: the longest beginning of them that is an end of them, and shorter
    size_t seen = 0;
    void see(char c);
  };

  std::vector<Stop> stops_;
  std::string held_;
  const std::string* met_ = nullptr;
};

}  // namespace lt::engine
