#include "engine/stop_text.h"

#include <algorithm>
#include <utility>

namespace lt::engine {

std::string StopText::push(std::string_view text) {
  if (met_) return {};
  held_ += text;
  size_t first_end = std::string::npos, start = 0;
  for (const std::string& stop : stops_) {
    const size_t at = held_.find(stop);
    if (at == std::string::npos) continue;
    const size_t end = at + stop.size();
    if (end > first_end || (end == first_end && at >= start)) continue;  // of those complete at once, the longest
    first_end = end;
    start = at;
    met_ = &stop;
  }
  const size_t shown = met_ ? start : held_.size() - held_back();
  std::string out = held_.substr(0, shown);
  held_.erase(0, met_ ? std::string::npos : shown);
  return out;
}

// The length of the longest end of the text that begins a stop string.
size_t StopText::held_back() const {
  size_t most = 0;
  for (const std::string& stop : stops_)
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > most; n--)
      if (std::string_view(held_).substr(held_.size() - n) == std::string_view(stop).substr(0, n)) most = n;
  return most;
}

std::string StopText::finish() { return std::exchange(held_, {}); }

}  // namespace lt::engine
