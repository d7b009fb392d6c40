#include "engine/stop_text.h"

#include <algorithm>
#include <utility>

namespace lt::engine {

void StopText::Stop::see(char c) {
  while (seen > 0 && text[seen] != c) seen = border[seen - 1];
  seen += text[seen] == c;
}

StopText::StopText(std::vector<std::string> stops) {
  stops_.reserve(stops.size());
  for (std::string& text : stops) {
    Stop s{std::move(text), {0}};
    s.border.reserve(s.text.size());
    for (size_t i = 1; i < s.text.size(); i++) {
      s.see(s.text[i]);
      s.border.push_back(static_cast<uint32_t>(s.seen));
    }
    s.seen = 0;
    stops_.push_back(std::move(s));
  }
}

std::string StopText::push(std::string_view text) {
  if (met_) return {};
  size_t most = 0;  // of the text's end that begins a stop string
  for (const char c : text) {
    held_ += c;
    most = 0;
    for (Stop& s : stops_) {
      s.see(c);
      most = std::max(most, s.seen);
      if (s.seen == s.text.size() && (!met_ || s.seen > met_->size())) met_ = &s.text;  // of those complete at once, the longest
    }
    if (!met_) continue;
    held_.resize(held_.size() - met_->size());
    return finish();
  }
  if (text.empty()) return {};
  std::string out = held_.substr(0, held_.size() - most);
  held_.erase(0, out.size());
  return out;
}

std::string StopText::finish() { return std::exchange(held_, {}); }

}  // namespace lt::engine
