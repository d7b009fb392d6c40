// Tokens by their bytes, walked one byte at a time: which of them a text goes on with.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace lt::tokenize {

class TokenTrie {
 public:
  TokenTrie() : slots_(16) {}

  // Of equal texts the last counts.
  void add(std::string_view text, int32_t id) {
    uint32_t node = 0;
    for (const char c : text) node = child_or_new(node, static_cast<uint8_t>(c));
    ids_[node] = id;
  }

  // each(bytes, id) for every token that text[at, ...) begins with, the shortest first.
  template <class Each>
  void walk(std::string_view text, size_t at, const Each& each) const {
    uint32_t node = 0;
    for (size_t i = at; i < text.size(); ++i) {
      node = child(node, static_cast<uint8_t>(text[i]));
      if (node == 0) return;
      if (ids_[node] >= 0) each(i + 1 - at, ids_[node]);
    }
  }

 private:
  struct Slot {
    uint64_t edge = 0;  // (node << 8 | byte) + 1
    uint32_t to = 0;
  };

  static uint64_t edge_of(uint32_t node, uint8_t byte) { return (uint64_t{node} << 8 | byte) + 1; }
  size_t slot_of(uint64_t edge) const {
    size_t slot = (edge * 0x9E3779B97F4A7C15u >> 20) & (slots_.size() - 1);
    while (slots_[slot].edge != 0 && slots_[slot].edge != edge) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }
  uint32_t child(uint32_t node, uint8_t byte) const { return slots_[slot_of(edge_of(node, byte))].to; }

  uint32_t child_or_new(uint32_t node, uint8_t byte) {
    const uint64_t edge = edge_of(node, byte);
    if (const Slot& s = slots_[slot_of(edge)]; s.edge == edge) return s.to;
    if (ids_.size() * 2 > slots_.size()) grow();
    const auto made = static_cast<uint32_t>(ids_.size());
    slots_[slot_of(edge)] = {edge, made};
    ids_.push_back(-1);
    return made;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& s : old)
      if (s.edge != 0) slots_[slot_of(s.edge)] = s;
  }

  std::vector<Slot> slots_;  // a power of two, half of it empty at least
  std::vector<int32_t> ids_ = {-1};
};

}  // namespace lt::tokenize
