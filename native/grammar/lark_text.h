// The text of a grammar in Lark's notation, read from front to end: its words, numbers and strings, and where it is not what it should be.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "json/json.h"

namespace lt::grammar {

// An error with the line and column of what is at a byte of the grammar.
Error error_in_lark(Code code, std::string_view text, size_t at, const std::string& what);

class LarkText {
 protected:
  explicit LarkText(std::string_view text) : text_(text) {}

  [[noreturn]] void refuse(Code code, size_t at, const std::string& what) const { throw error_in_lark(code, text_, at, what); }
  [[noreturn]] void expected(const std::string& what) const { refuse(Code::argument, at_, "expected " + what + ", found " + found()); }
  [[noreturn]] void not_built(size_t at, const std::string& what) const { refuse(Code::unsupported, at, what); }

  bool done() const { return at_ >= text_.size(); }
  bool at_line_end() const { return text_[at_] == '\n' || text_.substr(at_).starts_with("\r\n"); }
  bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!sees(what)) return false;
    at_ += what.size();
    return true;
  }
  void want(std::string_view what) {
    if (!take(what)) expected(std::string(what));
  }
  // Blanks, comments, ends of lines behind a backslash, and, if `lines`, other ends of lines.
  void skip(bool lines);

  static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
  static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool in_name(char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; }
  static bool is_terminal(std::string_view name) { return std::any_of(name.begin(), name.end(), is_upper); }
  bool digit_at(size_t at) const { return at < text_.size() && is_digit(text_[at]); }
  // A hyphen is part of a name where more of the name follows.
  std::string_view name(const char* what);
  uint32_t number();
  // Up to the closing quote, with what escapes stand for: those that Python and JSON read alike.
  std::string characters();
  // Of a JSON object its text; only where it ends is looked for.
  std::string_view object();
  template <class Use>
  void with_json(size_t at, std::string_view written, const Use& use) const {
    std::optional<json::Document> parsed;
    try {
      parsed.emplace(written);
    } catch (const Error& e) {
      if (e.code() != Code::format) throw;
      refuse(Code::argument, at, e.what());
    }
    use(parsed->root());
  }

  const std::string_view text_;
  size_t at_ = 0;

 private:
  std::string found() const;
  char32_t escaped();
  char32_t hexadecimal(size_t digits);
};

}  // namespace lt::grammar
