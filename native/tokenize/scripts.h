// Words by script, as the library "tokenizers" cuts them (UnicodeScripts): before a character of another script than the last that has one.
// Kana and the mark of long vowels are of the script of Han; spaces, and what Unicode 9 does not know, have none.
#pragma once
#include <cstddef>
#include <string_view>

namespace lt::tokenize {

// The first character from `from` on that has a script: what stands before it is in no word. The text's end where there is none.
size_t script_begin(std::string_view text, size_t from);
// Where the word that begins at `begin` ends.
size_t script_end(std::string_view text, size_t begin);

}  // namespace lt::tokenize
