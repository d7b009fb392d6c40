#include "grammar/lark_text.h"

#include <algorithm>

#include "core/text.h"
#include "grammar/characters.h"
#include "grammar/expressions.h"
#include "tokenize/char_set.h"
#include "tokenize/unicode.h"

namespace lt::grammar {

using tokenize::CharSet;

// What stands here, a word of it.
std::string LarkText::found() const {
  if (done()) return "the end of the grammar";
  if (at_line_end()) return "the end of the line";
  size_t end = at_;
  while (end < text_.size() && end - at_ < 20 && in_name(text_[end])) ++end;
  if (end == at_) end += std::max(tokenize::read_utf8(text_, at_).bytes, 1u);
  return shown(text_.substr(at_, end - at_));
}

void LarkText::skip(bool lines) {
  while (!done()) {
    const char c = text_[at_];
    if (c == '#' || sees("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == ' ' || c == '\t') {
      ++at_;
    } else if (c == '\\') {
      const size_t end = text_.find_first_not_of(" \r", at_ + 1);
      if (end == std::string_view::npos || text_[end] != '\n') return;
      at_ = end + 1;
    } else if (lines && at_line_end()) {
      at_ += c == '\r' ? 2 : 1;
    } else {
      return;
    }
  }
}

std::string_view LarkText::name(const char* what) {
  const size_t from = at_;
  while (!done() && (in_name(text_[at_]) || (at_ > from && text_[at_] == '-' && at_ + 1 < text_.size() && in_name(text_[at_ + 1])))) ++at_;
  const std::string_view read = text_.substr(from, at_ - from);
  const size_t first = read.find_first_not_of('_');
  at_ = from;
  if (first == std::string_view::npos || is_digit(read[first])) expected(what);
  const bool lower = std::any_of(read.begin(), read.end(), is_lower), upper = std::any_of(read.begin(), read.end(), is_upper);
  if (lower && upper) expected(std::string(what) + ", of lower-case letters for a rule or upper-case ones for a terminal");
  at_ = from + read.size();
  return read;
}

uint32_t LarkText::number() {
  if (!digit_at(at_)) expected("a number");
  uint64_t n = 0;
  for (; digit_at(at_); ++at_) n = std::min<uint64_t>(n * 10 + static_cast<uint64_t>(text_[at_] - '0'), Expressions::no_limit - 1);
  return static_cast<uint32_t>(n);
}

std::string LarkText::characters() {
  std::string out;
  while (!take("\"")) {
    if (done() || at_line_end()) expected("a closing quote");
    const size_t from = at_;
    if (take("\\")) {
      append_utf8(out, escaped());
      continue;
    }
    const tokenize::Read read = tokenize::read_utf8(text_, at_);
    if (!read.whole) expected("UTF-8");
    at_ += read.bytes;
    out += text_.substr(from, read.bytes);
  }
  return out;
}

char32_t LarkText::escaped() {
  constexpr std::string_view names = "nrtf\"\\", codes = "\n\r\t\f\"\\";
  const size_t at = at_ - 1;
  const char c = done() ? ' ' : text_[at_];
  if (const auto i = names.find(c); i != std::string_view::npos) return ++at_, static_cast<char32_t>(codes[i]);
  const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) refuse(Code::argument, at, "expected one of the escapes \\n \\r \\t \\f \\\" \\\\ \\x \\u and \\U");
  ++at_;
  char32_t code = hexadecimal(digits);
  if (code >= 0xd800 && code <= 0xdbff && take("\\u")) {
    const char32_t second = hexadecimal(4);
    if (second >= 0xdc00 && second <= 0xdfff) code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
  }
  if (code >= CharSet::kEnd || (code >= 0xd800 && code <= 0xdfff)) refuse(Code::argument, at, "expected an escape that is a character");
  return code;
}

char32_t LarkText::hexadecimal(size_t digits) {
  char32_t code = 0;
  for (size_t i = 0; i < digits; ++i, ++at_) {
    const char c = done() ? ' ' : text_[at_];
    const int value = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (value < 0) expected("a hexadecimal digit");
    code = code << 4 | static_cast<char32_t>(value);
  }
  return code;
}

std::string_view LarkText::object() {
  const size_t from = at_;
  if (!sees("{")) expected("a JSON object, with {");
  size_t depth = 0;
  for (bool quoted = false; !done(); ++at_) {
    const char c = text_[at_];
    if (quoted && c == '\\') ++at_;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return text_.substr(from, ++at_ - from);
  }
  at_ = from;
  refuse(Code::argument, from, "expected a } that ends this JSON object, found the end of the grammar");
}

Error error_in_lark(Code code, std::string_view text, size_t at, const std::string& what) {
  const std::string_view before = text.substr(0, at);
  const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0
  const auto letters = std::count_if(in_line.begin(), in_line.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return Error(code, "grammar: " + what + ", in line " + std::to_string(line) + ", column " + std::to_string(letters + 1));
}

}  // namespace lt::grammar
