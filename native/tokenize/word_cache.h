// Words repeat: one that this call has encoded before is copied from where its ids stand in the result.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenize/text_index.h"

namespace lt::tokenize {

class WordCache {
 public:
  explicit WordCache(size_t text_bytes) {
    size_t entries = 16;
    while (entries < text_bytes / 8 && entries < 8192) entries *= 2;
    entries_.resize(entries);
  }

  // encode(word) appends the word's ids to `ids`. The words must stay where they are until the last call.
  template <class Encode>
  void append(std::string_view word, std::vector<int32_t>& ids, const Encode& encode) {
    if (word.size() > kLongest) return encode(word);
    Entry& entry = entries_[hash_text(word) & (entries_.size() - 1)];
    if (entry.word == word && entry.word.data()) {
      for (uint32_t i = 0; i < entry.count; ++i) {
        const int32_t id = ids[entry.first + i];
        ids.push_back(id);
      }
      return;
    }
    const size_t first = ids.size();
    encode(word);
    entry = {word, first, static_cast<uint32_t>(ids.size() - first)};
  }

 private:
  static constexpr size_t kLongest = 64;

  struct Entry {
    std::string_view word;
    size_t first = 0;  // in the ids
    uint32_t count = 0;
  };

  std::vector<Entry> entries_;  // a power of two; a later word takes an earlier one's place
};

}  // namespace lt::tokenize
