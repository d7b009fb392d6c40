// Reading UTF-8 that may be broken, and the classes of code points that pre-tokenizers ask for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::tokenize {

// The classes of Unicode's general category; space is the property White_Space and comes first.
enum class Class : uint8_t { space, letter, number, mark, punctuation, symbol, other, end };

Class class_of(char32_t code);

constexpr char32_t kReplacement = 0xFFFD;

// One character of a text. What is not UTF-8 is taken by maximal subparts (Unicode 15.0, section 3.9; the WHATWG decoder does the
// same): code is then U+FFFD, and whole is false.
struct Read {
  char32_t code;
  uint32_t bytes;  // 0 at the end of the text, else 1 to 4
  bool whole;
  bool cut;  // not whole, but more bytes after the text's end could complete it
};

Read read_utf8(std::string_view text, size_t at);
// The character that ends at `end`, which is above 0; not whole where what is there is none.
Read read_before(std::string_view text, size_t end);

}  // namespace lt::tokenize
