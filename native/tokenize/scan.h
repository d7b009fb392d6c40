// What the pre-tokenizers' scanners are written in. Every scanner looks at a run of characters a bounded number of times.
#pragma once
#include <string_view>

#include "tokenize/unicode.h"

namespace lt::tokenize {

struct Char {
  char32_t code;
  Class kind;   // Class::end at the end of the text
  size_t next;  // where the following one begins
};

inline Char look(std::string_view text, size_t at) {
  const Read read = read_utf8(text, at);
  if (read.bytes == 0) return {0, Class::end, at};
  return {read.code, class_of(read.code), at + read.bytes};
}

inline bool is_letter(const Char& c) { return c.kind == Class::letter; }
inline bool is_number(const Char& c) { return c.kind == Class::number; }
inline bool is_space(const Char& c) { return c.kind == Class::space; }
inline bool is_newline(const Char& c) { return c.kind == Class::space && (c.code == '\n' || c.code == '\r'); }
// [^\s\p{L}\p{N}]
inline bool is_mark_or_sign(const Char& c) { return c.kind >= Class::mark && c.kind < Class::end; }

template <class Is>
size_t run(std::string_view text, size_t at, const Is& is) {
  for (Char c = look(text, at); is(c); c = look(text, at)) at = c.next;
  return at;
}

//  's|'t|'re|'ve|'m|'ll|'d  : its end, or `at`.
size_t match_contraction(std::string_view text, size_t at, bool any_case);
//  \s+(?!\S)|\s+  : all spaces to the end of the text; before something else all but the last, which belongs to it.
size_t match_spaces(std::string_view text, size_t at);

}  // namespace lt::tokenize
