#include "grammar/token_bytes.h"

#include <algorithm>
#include <numeric>

namespace lt::grammar {

TokenBytes::TokenBytes(std::span<const std::string_view> tokens) : size_(tokens.size()) {
  constexpr size_t longest = UINT16_MAX;
  for (uint32_t id = 0; id < tokens.size(); ++id)
    if (!tokens[id].empty() && tokens[id].size() <= longest) ids_.push_back(id);
  std::stable_sort(ids_.begin(), ids_.end(), [&](uint32_t a, uint32_t b) { return tokens[a] < tokens[b]; });
  std::vector<uint32_t> path;  // nodes from the first byte on
  std::string_view before;
  const auto close = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) nodes_[path.back()].end = static_cast<uint32_t>(nodes_.size());
  };
  for (uint32_t i = 0; i < ids_.size(); ++i) {
    const std::string_view text = tokens[ids_[i]];
    const auto common = static_cast<size_t>(std::mismatch(text.begin(), text.end(), before.begin(), before.end()).first - text.begin());
    close(common);
    for (size_t d = common; d < text.size(); ++d) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({.end = 0, .first = i, .last = i, .depth = static_cast<uint16_t>(d + 1), .byte = static_cast<uint8_t>(text[d])});
    }
    nodes_[path.back()].last = i + 1;
    depth_ = std::max(depth_, text.size());
    before = text;
  }
  close(0);
}

}  // namespace lt::grammar
