// A heap of numbers, the least on top. Four children a node: half the levels of a binary heap, and a node's children share a cache
// line, which is what a heap of a million pairs waits for.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lt::tokenize {

class LeastFirst {
 public:
  bool empty() const { return items_.empty(); }
  void clear() { items_.clear(); }

  void push(uint64_t item) {
    size_t at = items_.size();
    items_.push_back(item);
    for (; at > 0 && item < items_[parent(at)]; at = parent(at)) items_[at] = items_[parent(at)];
    items_[at] = item;
  }

  uint64_t pop() {
    const uint64_t top = items_[0];
    const uint64_t moved = items_.back();
    items_.pop_back();
    if (!items_.empty()) sink(moved);
    return top;
  }

 private:
  static constexpr size_t kChildren = 4;
  static size_t parent(size_t at) { return (at - 1) / kChildren; }

  // Of the children from `first` on. The choice of four is written without branches, which no processor could predict.
  size_t least_child(size_t first) const {
    const uint64_t* c = items_.data() + first;
    if (first + kChildren > items_.size())
      return static_cast<size_t>(std::min_element(items_.begin() + static_cast<std::ptrdiff_t>(first), items_.end()) - items_.begin());
    const size_t low = c[1] < c[0] ? 1 : 0;
    const size_t high = c[3] < c[2] ? 3 : 2;
    return first + (c[high] < c[low] ? high : low);
  }

  // Puts `item` where the top was taken from.
  void sink(uint64_t item) {
    size_t at = 0;
    for (size_t first = 1; first < items_.size(); first = at * kChildren + 1) {
      const size_t least = least_child(first);
      if (item <= items_[least]) break;
      items_[at] = items_[least];
      at = least;
    }
    items_[at] = item;
  }

  std::vector<uint64_t> items_;
};

}  // namespace lt::tokenize
