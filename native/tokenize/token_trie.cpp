#include "tokenize/token_trie.h"

#include <algorithm>
#include <deque>

namespace lt::tokenize {

void TokenTrie::build() {
  std::sort(added_.begin(), added_.end(), [](const Added& a, const Added& b) {
    const int texts = a.text.compare(b.text);
    return texts < 0 || (texts == 0 && a.order < b.order);
  });
  struct Range {
    size_t begin, end, depth;  // of added_: all of which begin with the same `depth` bytes
  };
  nodes_.clear();
  bytes_.clear();
  roots_.fill(kNone);
  std::deque<Range> ranges;  // of the nodes whose children are not there yet
  // The children of a node: those of its tokens that go on, by their next byte. Returns the last token that ends here.
  const auto expand = [&](const Range& r) {
    int32_t id = -1;
    size_t at = r.begin;
    for (; at < r.end && added_[at].text.size() == r.depth; ++at) id = added_[at].id;
    while (at < r.end) {
      const char byte = added_[at].text[r.depth];
      const auto goes_on = [&](const Added& entry) { return entry.text[r.depth] == byte; };
      const auto end = static_cast<size_t>(std::partition_point(added_.begin() + static_cast<std::ptrdiff_t>(at),
                                                                added_.begin() + static_cast<std::ptrdiff_t>(r.end), goes_on) -
                                           added_.begin());
      ranges.push_back({at, end, r.depth + 1});
      bytes_.push_back(static_cast<uint8_t>(byte));
      at = end;
    }
    return id;
  };
  expand({0, added_.size(), 0});
  for (size_t i = 0; i < bytes_.size(); ++i) roots_[bytes_[i]] = static_cast<uint32_t>(i);
  while (!ranges.empty()) {
    const Range r = ranges.front();
    ranges.pop_front();
    const auto first = static_cast<uint32_t>(bytes_.size());
    nodes_.push_back({first, expand(r)});
  }
  if (!nodes_.empty()) nodes_.push_back({static_cast<uint32_t>(bytes_.size()), -1});
  added_ = {};
}

}  // namespace lt::tokenize
