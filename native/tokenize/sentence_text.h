// What SentencePiece does to a text before it looks for tokens: characters become others, spaces are marked, joined, and one is put before.
#pragma once
#include <string>
#include <string_view>

#include "gguf/file.h"
#include "tokenize/character_map.h"
#include "tokenize/user_symbols.h"

namespace lt::tokenize {

class SentenceText {
 public:
  // tokenizer.ggml.precompiled_charsmap and .remove_extra_whitespaces. prefixes_space: U+2581 is put before the first word.
  SentenceText(const gguf::File& file, bool prefixes_space);

  // Neither changes anything.
  bool keeps_all() const { return map_.empty() && !joins_spaces_; }
  // As programs that read GGUF files do it.
  std::string normalized(std::string_view text) const;
  // As the library "sentencepiece" does it, which leaves symbols as they are.
  std::string normalized(std::string_view text, const UserSymbols& symbols) const;

 private:
  struct Made {
    std::string_view text;
    size_t bytes;  // of what it was
  };
  // What becomes of the character, or what the map has of several, at `at`.
  Made made(std::string_view text, size_t at) const;

  CharacterMap map_;
  bool prefixes_space_;
  bool joins_spaces_;
};

}  // namespace lt::tokenize
