// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// The GPT-2 release (openai/gpt-2, encoder.py).
#include "tokenize/pretokenize.h"
#include "tokenize/scan.h"

namespace lt::tokenize {

size_t match_contraction(std::string_view text, size_t at, bool any_case) {
  if (text[at] != '\'' || at + 1 >= text.size()) return at;
  const auto letter = [&](size_t i) -> char {
    const char c = i < text.size() ? text[i] : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char first = letter(at + 1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  const char second = letter(at + 2);
  const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
  return two ? at + 3 : at;
}

size_t match_spaces(std::string_view text, size_t at) {
  size_t end = at;
  size_t last = at;
  for (Char c = look(text, end); is_space(c); c = look(text, end)) {
    last = end;
    end = c.next;
  }
  return end == text.size() || last == at ? end : last;
}

size_t match_gpt2(std::string_view text, size_t at) {
  if (const size_t end = match_contraction(text, at, false); end > at) return end;
  const Char first = look(text, at);
  const Char c = first.code == ' ' ? look(text, first.next) : first;
  if (is_letter(c)) return run(text, c.next, is_letter);
  if (is_number(c)) return run(text, c.next, is_number);
  if (is_mark_or_sign(c)) return run(text, c.next, is_mark_or_sign);
  return match_spaces(text, at);
}

}  // namespace lt::tokenize
