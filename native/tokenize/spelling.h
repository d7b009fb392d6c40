// SentencePiece's spelling: a space is U+2581, and a byte that no token has is a token <0xHH>.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "tokenize/vocabulary.h"

namespace lt::tokenize {

constexpr std::string_view kSpace = "\xE2\x96\x81";

void spell_spaces(std::string_view text, std::string& out);
void read_spaces(std::string_view token, std::string& out);

// Where a text can be cut before merging without a change in what is merged: before a space, spelt so, behind a byte that none follows in
// anything that merges make. Then words can be merged one by one.
class WordEnds {
 public:
  // Nothing is cut where a space is no token itself.
  explicit WordEnds(const Vocabulary& vocabulary) : cuts_(vocabulary.find(kSpace) >= 0) {}
  void joins(std::string_view made);  // merges make this

  // The end of the word at `at`: spaces, then what is none.
  size_t end(std::string_view text, size_t at) const;

 private:
  bool cuts_;
  std::array<bool, 256> goes_on_{};  // by the byte before a space
};

// The token of each byte; -1: the vocabulary has none.
std::array<int32_t, 256> byte_tokens(const Vocabulary& vocabulary);

}  // namespace lt::tokenize
