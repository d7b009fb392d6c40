// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// The tokenizer.json of Llama 3; Qwen2's is the same with \p{N} for \p{N}{1,3}. The contractions are ASCII letters only.
#include "tokenize/pretokenize.h"
#include "tokenize/scan.h"

namespace lt::tokenize {

namespace {

//  \s*[\r\n]+  : to the last line break of the spaces at `at`.
size_t match_line_breaks(std::string_view text, size_t at) {
  size_t found = at;
  for (Char c = look(text, at); is_space(c); c = look(text, c.next))
    if (is_newline(c)) found = c.next;
  return found;
}

size_t match_words(std::string_view text, size_t at, int most_digits) {
  if (const size_t end = match_contraction(text, at, true); end > at) return end;
  const Char first = look(text, at);
  if (is_letter(first)) return run(text, first.next, is_letter);
  if (is_number(first)) {
    size_t end = first.next;
    for (int digits = 1; digits < most_digits && is_number(look(text, end)); ++digits) end = look(text, end).next;
    return end;
  }
  const Char second = look(text, first.next);
  if (!is_newline(first) && is_letter(second)) return run(text, second.next, is_letter);
  const Char sign = first.code == ' ' ? second : first;
  if (is_mark_or_sign(sign)) return run(text, run(text, sign.next, is_mark_or_sign), is_newline);
  if (const size_t end = match_line_breaks(text, at); end > at) return end;
  return match_spaces(text, at);
}

}  // namespace

size_t match_llama3(std::string_view text, size_t at) { return match_words(text, at, 3); }
size_t match_qwen2(std::string_view text, size_t at) { return match_words(text, at, 1); }

}  // namespace lt::tokenize
