// Patterns that only pick some matches out of a text and leave what lies between for the next step:
//   smollm, starcoder: \p{N}, then gpt-2's          (their tokenizer.json: Digits(individual_digits), ByteLevel)
//   deepseek-coder: [\r\n]  \s?\p{L}+  \s?\p{P}+  [一-龥ࠀ-一가-퟿]+  \p{N}          (its tokenizer.json, a Sequence of Splits)
//   gemma-4: [^\n]+|[\n]+
#include "tokenize/pretokenize.h"
#include "tokenize/scan.h"

namespace lt::tokenize {

namespace {

bool is_punctuation(const Char& c) { return c.kind == Class::punctuation; }

template <class Is>
size_t match_spaced(std::string_view text, size_t at, const Is& is) {
  const Char first = look(text, at);
  const Char c = is_space(first) ? look(text, first.next) : first;
  return is(c) ? run(text, c.next, is) : at;
}

bool is_cjk(const Char& c) {
  if (c.kind == Class::end) return false;
  return (c.code >= 0x800 && c.code <= 0x9FA5) || (c.code >= 0xAC00 && c.code <= 0xD7FF);
}

}  // namespace

size_t match_digit(std::string_view text, size_t at) {
  const Char c = look(text, at);
  return is_number(c) ? c.next : at;
}

size_t match_newline(std::string_view text, size_t at) {
  const Char c = look(text, at);
  return is_newline(c) ? c.next : at;
}

size_t match_spaced_letters(std::string_view text, size_t at) { return match_spaced(text, at, is_letter); }
size_t match_spaced_punctuation(std::string_view text, size_t at) { return match_spaced(text, at, is_punctuation); }
size_t match_cjk(std::string_view text, size_t at) { return run(text, at, is_cjk); }

size_t match_lines(std::string_view text, size_t at) {
  const bool breaks = text[at] == '\n';
  const size_t end = breaks ? text.find_first_not_of('\n', at) : text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end;
}

}  // namespace lt::tokenize
