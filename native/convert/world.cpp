// RWKV's World vocabulary: a line a token, its number, itself as a Python literal of text or of bytes, and how many bytes it has.
#include <algorithm>

#include "convert/vocabulary.h"
#include "core/error.h"
#include "core/text.h"
#include "safetensors/folder.h"

namespace lt::convert {
namespace {

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What a Python literal stands for: b'...' bytes, '...' or "..." text.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text), of_bytes_(text.starts_with('b')) {
    if (of_bytes_) text_.remove_prefix(1);
    if (text_.size() < 2 || (text_[0] != '\'' && text_[0] != '"') || text_.back() != text_[0]) fail();
    text_ = text_.substr(1, text_.size() - 2);
  }

  std::string bytes() {
    std::string out;
    for (at_ = 0; at_ < text_.size();) {
      const char c = text_[at_++];
      if (c != '\\')
        out += c;
      else
        escape(out);
    }
    return out;
  }

 private:
  [[noreturn]] void fail() const { throw Error(Code::format, "expected a Python literal of text or bytes, found " + shown(text_)); }

  uint32_t digits(size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
      const int digit = at_ < text_.size() ? hex_of(text_[at_]) : -1;
      if (digit < 0) fail();
      value = value << 4 | static_cast<uint32_t>(digit);
      at_++;
    }
    if (value > 0x10ffff) fail();
    return value;
  }

  void escape(std::string& out) {
    if (at_ == text_.size()) fail();
    const char c = text_[at_++];
    constexpr std::string_view names = "ntr0abfv\\'\"", values("\n\t\r\0\a\b\f\v\\'\"", 11);
    if (const size_t i = names.find(c); i != std::string_view::npos) return void(out += values[i]);
    if (c == 'x' && of_bytes_) return void(out += static_cast<char>(digits(2)));
    if (c == 'x' || c == 'u' || c == 'U') return append_utf8(out, digits(c == 'x' ? 2 : c == 'u' ? 4 : 8));
    fail();
  }

  std::string_view text_;
  bool of_bytes_;
  size_t at_ = 0;
};

// As GGUF files have them: as Python shows bytes.
std::string spelt(std::string_view bytes) {
  constexpr std::string_view hex = "0123456789abcdef";
  const bool quotes = bytes.find('\'') != std::string_view::npos && bytes.find('"') != std::string_view::npos;
  std::string out;
  for (const char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\\' || (c == '\'' && quotes))
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (u >= 0x20 && u < 0x7f)
      out += c;
    else
      out += {'\\', 'x', hex[u >> 4], hex[u & 15]};
  }
  return out;
}

}  // namespace

Vocabulary read_world(std::string_view text) {
  Vocabulary v;
  v.model = "rwkv";
  v.at(0) = {"<s>", Kind::control, 0};
  for (size_t at = 0, number = 1; at < text.size(); number++) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t first = line.find(' '), last = line.rfind(' ');
    const std::string where = "line " + std::to_string(number) + ": ";
    if (first == std::string_view::npos || first == last || first == 0 || first > 8 ||
        line.substr(0, first).find_first_not_of("0123456789") != std::string_view::npos)
      throw Error(Code::format, where + "expected a number, a token and its length, found " + shown(line));
    const std::string bytes =
        safetensors::naming("line " + std::to_string(number), [&] { return Literal(line.substr(first + 1, last - first - 1)).bytes(); });
    Token& token = v.at(std::stoll(std::string(line.substr(0, first))));
    if (token.kind != Kind::unused) throw Error(Code::format, where + "expected a number of its own");
    token = {spelt(bytes), Kind::normal, 0};
  }
  return v;
}

}  // namespace lt::convert
