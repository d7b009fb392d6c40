// SentencePiece's precompiled_charsmap: texts that become others, the longest that the text goes on with first. A double array (Kanda et
// al. 2018, the layout of Darts-clone) of what is replaced, and what by, each ended by a zero.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gguf/file.h"

namespace lt::tokenize {

class CharacterMap {
 public:
  // tokenizer.ggml.precompiled_charsmap; absent: nothing is replaced. Throws Code::format.
  explicit CharacterMap(const gguf::File& file);

  bool empty() const { return units_.empty(); }

  struct Found {
    size_t bytes;  // of the text; 0: nothing is replaced here
    std::string_view by;
  };
  Found longest(std::string_view text, size_t at) const { return find(text, at, true); }
  // The shortest that the text begins with.
  Found shortest(std::string_view text) const { return find(text, 0, false); }

 private:
  Found find(std::string_view text, size_t at, bool longest) const;
  uint32_t unit(size_t index) const { return index < units_.size() ? units_[index] : 0; }

  std::vector<uint32_t> units_;
  std::vector<char> texts_;
};

}  // namespace lt::tokenize
