// The merging that both kinds of byte-pair encoding share: a word begins as its characters, and the best pair of neighbours is
// joined until none is left. A linked list of symbols and a heap of pairs: O(n log n) in the length of the word.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenize/least_first.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {

constexpr uint32_t kNoMerge = UINT32_MAX;

class Merging {
 public:
  // rank(both, left): how early the neighbours `both`, of which the first has `left` bytes, are joined; lower is earlier,
  // kNoMerge is never. Of equal ranks the leftmost goes first. Then each(symbol) for what is left, in order.
  template <class Rank, class Each>
  void run(std::string_view word, const Rank& rank, const Each& each) {
    start(word);
    for (uint32_t i = 0; i + 1 < symbols_.size(); ++i) offer(word, i, rank);
    while (!heap_.empty()) {
      const uint64_t top = heap_.pop();
      const auto index = static_cast<uint32_t>(top);
      Symbol& left = symbols_[index];
      if (left.rank != top >> 32) continue;  // outdated: one of the two has grown, or is gone
      join(left, index);
      if (left.previous != kEnd) offer(word, left.previous, rank);
      offer(word, index, rank);
    }
    for (uint32_t i = 0; i < symbols_.size(); i = symbols_[i].next) each(word.substr(symbols_[i].begin, symbols_[i].bytes));
  }

 private:
  static constexpr uint32_t kEnd = UINT32_MAX;

  struct Symbol {
    uint32_t begin;
    uint32_t bytes;
    uint32_t previous;
    uint32_t next;
    uint32_t rank;  // of joining it with the next; kNoMerge too once it is joined to the one before
  };

  void start(std::string_view word) {
    symbols_.clear();
    heap_.clear();
    for (size_t at = 0; at < word.size();) {
      const Read read = read_utf8(word, at);
      const uint32_t bytes = read.whole ? read.bytes : 1;
      const auto index = static_cast<uint32_t>(symbols_.size());
      symbols_.push_back({static_cast<uint32_t>(at), bytes, index == 0 ? kEnd : index - 1, index + 1, kNoMerge});
      at += bytes;
    }
    if (!symbols_.empty()) symbols_.back().next = kEnd;
  }

  template <class Rank>
  void offer(std::string_view word, uint32_t index, const Rank& rank) {
    Symbol& left = symbols_[index];
    left.rank = left.next == kEnd ? kNoMerge : rank(word.substr(left.begin, left.bytes + symbols_[left.next].bytes), left.bytes);
    if (left.rank != kNoMerge) heap_.push(static_cast<uint64_t>(left.rank) << 32 | index);
  }

  void join(Symbol& left, uint32_t index) {
    Symbol& right = symbols_[left.next];
    left.bytes += right.bytes;
    left.next = right.next;
    right.rank = kNoMerge;
    if (left.next != kEnd) symbols_[left.next].previous = index;
  }

  std::vector<Symbol> symbols_;
  LeastFirst heap_;  // rank, then position
};

}  // namespace lt::tokenize
