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

// The end of the word at `at`: spaces, spelt so, then what is none.
size_t word_end(std::string_view text, size_t at);
// True where a space never follows anything else inside a token, and is one itself: then no merge crosses from one word into the next,
// and words can be merged one by one.
bool no_token_spans_words(const Vocabulary& vocabulary);

// The token of each byte; -1: the vocabulary has none.
std::array<int32_t, 256> byte_tokens(const Vocabulary& vocabulary);

}  // namespace lt::tokenize
