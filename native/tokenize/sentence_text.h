// What SentencePiece does to a text before it looks for tokens: characters become others, spaces are marked, joined, and one is put before.
#pragma once
#include <string>
#include <string_view>

#include "gguf/file.h"
#include "tokenize/character_map.h"

namespace lt::tokenize {

class SentenceText {
 public:
  // tokenizer.ggml.precompiled_charsmap and .remove_extra_whitespaces. prefixes_space: U+2581 is put before the first word.
  SentenceText(const gguf::File& file, bool prefixes_space);

  // Neither changes anything.
  bool keeps_all() const { return map_.empty() && !joins_spaces_; }
  std::string normalized(std::string_view text) const;

 private:
  CharacterMap map_;
  bool prefixes_space_;
  bool joins_spaces_;
};

}  // namespace lt::tokenize
