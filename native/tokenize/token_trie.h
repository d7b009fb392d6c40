// Tokens by their bytes, walked one byte at a time: which of them a text goes on with.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lt::tokenize {

class TokenTrie {
 public:
  // Of equal texts the last counts. The text must stay where it is until build().
  void add(std::string_view text, int32_t id) { added_.push_back({text, static_cast<uint32_t>(added_.size()), id}); }
  // Behind the last add(), before the first walk().
  void build();

  // each(bytes, id) for every token that text[at, ...) begins with, the shortest first.
  template <class Each>
  void walk(std::string_view text, size_t at, const Each& each) const {
    if (at >= text.size() || nodes_.empty()) return;
    uint32_t node = roots_[static_cast<uint8_t>(text[at])];
    for (size_t i = at + 1; node != kNone; ++i) {
      const Node& here = nodes_[node];
      if (here.id >= 0) each(i - at, here.id);
      if (i == text.size()) return;
      node = child(here, nodes_[node + 1].first, static_cast<uint8_t>(text[i]));
    }
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Added {
    std::string_view text;
    uint32_t order;
    int32_t id;
  };
  // Level by level, the children of a node one after the other, in order of their bytes; they end where those of the next node begin.
  struct Node {
    uint32_t first;  // child
    int32_t id;      // -1: no token ends here
  };

  uint32_t child(const Node& node, uint32_t end, uint8_t byte) const {
    uint32_t low = node.first;
    constexpr uint32_t few = 8;
    while (end - low > few) {
      const uint32_t middle = low + (end - low) / 2;
      if (bytes_[middle] <= byte)
        low = middle;
      else
        end = middle;
    }
    for (; low < end; ++low)
      if (bytes_[low] == byte) return low;
    return kNone;
  }

  std::vector<Added> added_;
  std::array<uint32_t, 256> roots_;
  std::vector<Node> nodes_;     // and one behind the last
  std::vector<uint8_t> bytes_;  // that lead to each
};

}  // namespace lt::tokenize
