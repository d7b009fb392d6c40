// Generated text on its way out: held back while it may be the beginning of a stop string.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lt::engine {

class StopText {
 public:
  explicit StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // What can be shown now. The first stop string to be complete ends the text before it, however the text is cut into pieces.
  std::string push(std::string_view text);
  std::string finish();  // what was held back
  const std::string* met() const { return met_; }

 private:
  size_t held_back() const;

  std::vector<std::string> stops_;
  std::string held_;
  const std::string* met_ = nullptr;
};

}  // namespace lt::engine
