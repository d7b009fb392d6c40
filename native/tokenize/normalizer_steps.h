// The steps of normalizers that work on single characters. What is not UTF-8 stays as it is.
#pragma once
#include <string>
#include <string_view>

#include "tokenize/character_map.h"

namespace lt::tokenize {

void append_without_accents(std::string_view text, std::string& out);      // the library's StripAccents: no marks at all
void append_without_plain_marks(std::string_view text, std::string& out);  // BertNormalizer's: no marks that take no room
void append_clean(std::string_view text, std::string& out);                // BertNormalizer's: no controls, white space is a space
void append_spaced_han(std::string_view text, std::string& out);           // BertNormalizer's: spaces about Chinese characters
void append_nmt(std::string_view text, std::string& out);                  // Nmt: no controls, odd spaces are spaces
void append_byte_letters(std::string_view text, std::string& out);         // ByteLevel: a letter for each byte

// The library's Precompiled: of a cluster of less than 6 bytes, else of a character, the shortest that is replaced at its beginning stands
// for the whole of it.
void append_mapped(std::string_view text, const CharacterMap& map, std::string& out);

bool is_han(char32_t code);  // BERT's own ranges, the gap after U+2B81F too

}  // namespace lt::tokenize
