// A text as equal pieces of tokens, each read by the model from an empty cache.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenize/tokenizer.h"

namespace lt::measuring {

struct Chunks {
  int64_t context = 0, count = 0;  // tokens of each, how many there are
  std::vector<int32_t> tokens;     // context * count

  std::span<const int32_t> of(int64_t first, int64_t n) const {
    return std::span(tokens).subspan(static_cast<size_t>(first * context), static_cast<size_t>(n * context));
  }
};

// The whole text is tokenized, with the begin token in front where the file asks for one, and cut; what remains is dropped, and so is
// what is beyond `most` chunks (-1: none). Where the file asks for a begin token, it takes the place of each chunk's first token.
// Throws Code::argument for a text that is too short.
Chunks cut(const tokenize::Tokenizer& tokenizer, const std::string& text, int64_t context, int64_t most);

}  // namespace lt::measuring
