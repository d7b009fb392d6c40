// A word in pieces: from its beginning on, each the longest token that there is (Devlin et al. 2018).
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenize/token_trie.h"

namespace lt::tokenize {

class LongestFirst {
 public:
  void add(std::string_view token, int32_t id) { trie_.add(token, id); }
  void build() { trie_.build(); }

  // False where it cannot be made of tokens: then nothing is appended.
  bool append(std::string_view word, std::vector<int32_t>& ids) const { return append(word, trie_, ids); }
  // The same, the first piece one of `beginnings`.
  bool append(std::string_view word, const TokenTrie& beginnings, std::vector<int32_t>& ids) const {
    const size_t before = ids.size();
    for (size_t at = 0; at < word.size();) {
      size_t longest = 0;
      int32_t found = -1;
      (at == 0 ? beginnings : trie_).walk(word, at, [&](size_t bytes, int32_t id) { longest = bytes, found = id; });
      if (found < 0) {
        ids.resize(before);
        return false;
      }
      ids.push_back(found);
      at += longest;
    }
    return ids.size() > before;
  }

 private:
  TokenTrie trie_;
};

}  // namespace lt::tokenize
