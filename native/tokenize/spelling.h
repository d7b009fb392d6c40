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

// The token of each byte; -1: the vocabulary has none.
std::array<int32_t, 256> byte_tokens(const Vocabulary& vocabulary);

}  // namespace lt::tokenize
