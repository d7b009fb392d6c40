// Symbols of the user's in a model of SentencePiece's that came as such (tokenizer.model), as its library has them: normalizing leaves them
// as they are, and merging does not touch them. Of GGUF files they are found in the text before (special_tokens.h).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/token_trie.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {

class UserSymbols {
 public:
  // Of a vocabulary that knows how many pieces the model has; of others there are none.
  explicit UserSymbols(const Vocabulary& vocabulary);

  struct Found {
    size_t bytes = 0;  // 0: there is none
    int32_t id = -1;
  };
  // The longest one that text[at, ...) begins with.
  Found longest(std::string_view text, size_t at) const;

  // each(symbol, id) for all of them, spaces marked.
  template <class Each>
  void each(const Each& each) const {
    for (size_t i = 0; i < ids_.size(); ++i) each(std::string_view(spelt_[i]), ids_[i]);
  }
  bool empty() const { return ids_.empty(); }

 private:
  std::vector<std::string> spelt_;
  std::vector<int32_t> ids_;  // of each
  TokenTrie trie_;
};

}  // namespace lt::tokenize
