// The merging that both kinds of byte-pair encoding share: a word begins as its characters, and the best pair of neighbours is
// joined until none is left. A linked list of symbols and a heap of pairs: O(n log n) in the length of the word.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

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
      const Pair pair = pop();
      Symbol& left = symbols_[pair.left()];
      if (left.bytes == 0 || left.next == kEnd || left.bytes + symbols_[left.next].bytes != pair.bytes) continue;  // outdated
      join(left);
      if (left.previous != kEnd) offer(word, left.previous, rank);
      if (left.next != kEnd) offer(word, pair.left(), rank);
    }
    for (uint32_t i = 0; i < symbols_.size(); i = symbols_[i].next) each(word.substr(symbols_[i].begin, symbols_[i].bytes));
  }

 private:
  static constexpr uint32_t kEnd = UINT32_MAX;

  struct Symbol {
    uint32_t begin;
    uint32_t bytes;  // 0: joined to the one before
    uint32_t previous;
    uint32_t next;
  };

  struct Pair {
    uint64_t order;  // rank, then position
    uint32_t bytes;  // of both, to tell when one of them has grown since
    uint32_t left() const { return static_cast<uint32_t>(order); }
    bool operator<(const Pair& other) const { return order > other.order; }  // std's heaps have the greatest on top
  };

  void start(std::string_view word) {
    symbols_.clear();
    heap_.clear();
    for (size_t at = 0; at < word.size();) {
      const Read read = read_utf8(word, at);
      const uint32_t bytes = read.whole ? read.bytes : 1;
      const auto index = static_cast<uint32_t>(symbols_.size());
      symbols_.push_back({static_cast<uint32_t>(at), bytes, index == 0 ? kEnd : index - 1, index + 1});
      at += bytes;
    }
    if (!symbols_.empty()) symbols_.back().next = kEnd;
  }

  template <class Rank>
  void offer(std::string_view word, uint32_t index, const Rank& rank) {
    const Symbol& left = symbols_[index];
    const uint32_t bytes = left.bytes + symbols_[left.next].bytes;
    const uint32_t found = rank(word.substr(left.begin, bytes), left.bytes);
    if (found == kNoMerge) return;
    heap_.push_back({static_cast<uint64_t>(found) << 32 | index, bytes});
    std::push_heap(heap_.begin(), heap_.end());
  }

  Pair pop() {
    std::pop_heap(heap_.begin(), heap_.end());
    const Pair pair = heap_.back();
    heap_.pop_back();
    return pair;
  }

  void join(Symbol& left) {
    Symbol& right = symbols_[left.next];
    left.bytes += right.bytes;
    right.bytes = 0;
    left.next = right.next;
    if (left.next != kEnd) symbols_[left.next].previous = static_cast<uint32_t>(&left - symbols_.data());
  }

  std::vector<Symbol> symbols_;
  std::vector<Pair> heap_;
};

}  // namespace lt::tokenize
