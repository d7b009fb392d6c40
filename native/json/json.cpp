#include "json/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>

#include "core/error.h"
#include "core/text.h"

namespace lt::json {
namespace {

constexpr int deepest = 64;
constexpr size_t most_nodes = size_t{1} << 23;
constexpr size_t piece = size_t{1} << 16;  // of the memory for strings with escapes

bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

class Document::Parser {
 public:
  Parser(std::string_view text, Document& to) : text_(text), to_(to) {}

  void run() {
    if (text_.size() > std::numeric_limits<uint32_t>::max()) throw Error(Code::format, "JSON of more than 4 GB is not supported");
    if (!valid_utf8(text_)) throw Error(Code::format, "expected JSON in UTF-8, found other bytes");
    value(0);
    spaces();
    if (at_ != text_.size()) fail("the end");
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    const std::string found = at_ < text_.size() ? "\"" + shown(text_.substr(at_, 16)) + "\"" : "the end";
    throw Error(Code::format, "byte " + std::to_string(at_) + ": expected " + expected + ", found " + found);
  }

  char look(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) at_++;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  uint32_t add(Kind kind, std::string_view text, uint32_t size) {
    if (to_.nodes_.size() >= most_nodes) fail("at most " + std::to_string(most_nodes) + " values");
    const auto index = static_cast<uint32_t>(to_.nodes_.size());
    to_.nodes_.push_back({text.data(), size, index + 1, kind});
    return index;
  }
  void add(Kind kind, std::string_view text) { add(kind, text, static_cast<uint32_t>(text.size())); }

  void value(int depth) {
    spaces();
    if (depth > deepest) fail("nesting of at most " + std::to_string(deepest));
    const size_t from = at_;
    if (take("{")) return object(depth);
    if (take("[")) return array(depth);
    if (take("\"")) return add(Kind::string, string());
    if (take("null")) return add(Kind::null, {});
    if (take("true")) return void(add(Kind::boolean, {}, 1));
    if (take("false")) return void(add(Kind::boolean, {}, 0));
    if (!take("NaN") && !take("Infinity") && !take("-Infinity")) number();
    add(Kind::number, text_.substr(from, at_ - from));
  }

  // Closes what began at node `index`.
  void close(uint32_t index, uint32_t size) {
    to_.nodes_[index].size = size;
    to_.nodes_[index].next = static_cast<uint32_t>(to_.nodes_.size());
  }

  void array(int depth) {
    const uint32_t index = add(Kind::array, {}, 0);
    uint32_t size = 0;
    spaces();
    if (take("]")) return;
    do {
      value(depth + 1);
      size++;
      spaces();
    } while (take(","));
    if (!take("]")) fail("\",\" or \"]\"");
    close(index, size);
  }

  void object(int depth) {
    const uint32_t index = add(Kind::object, {}, 0);
    uint32_t size = 0;
    spaces();
    if (take("}")) return;
    do {
      spaces();
      if (!take("\"")) fail("a key in quotes");
      add(Kind::string, string());
      spaces();
      if (!take(":")) fail("\":\"");
      value(depth + 1);
      size++;
      spaces();
    } while (take(","));
    if (!take("}")) fail("\",\" or \"}\"");
    close(index, size);
    check_keys(index, size);
  }

  // Sorted, not hashed: no choice of keys makes it slow.
  void check_keys(uint32_t index, uint32_t size) const {
    std::vector<std::string_view> keys;
    keys.reserve(size);
    for (const Member m : Value(to_.nodes_.data(), index)) keys.push_back(m.key);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) throw Error(Code::format, "the key \"" + shown(*twice) + "\" is there twice");
  }

  void digits() {
    if (!digit(look())) fail("a value");
    while (digit(look())) at_++;
  }

  void number() {
    take("-");
    if (!take("0")) digits();
    if (take(".")) digits();
    if (look() != 'e' && look() != 'E') return;
    at_++;
    if (look() == '+' || look() == '-') at_++;
    digits();
  }

  // Behind the opening quote, to behind the closing one.
  std::string_view string() {
    const size_t from = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && static_cast<uint8_t>(text_[at_]) >= 0x20) at_++;
    if (look() == '\\') return unescaped(from);
    const std::string_view plain = text_.substr(from, at_ - from);
    if (!take("\"")) fail("the end of a string");
    return plain;
  }

  std::string_view unescaped(size_t from) {
    size_t end = at_;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail("the end of a string");
    std::deque<std::string>& pieces = to_.unescaped_;  // what is in one never moves: room is reserved first
    if (pieces.empty() || pieces.back().capacity() - pieces.back().size() < end - from)
      pieces.emplace_back().reserve(std::max(piece, end - from));
    std::string& out = pieces.back();
    const size_t begin = out.size();
    for (at_ = from; !take("\"");) {
      if (take("\\")) {
        escape(out);
      } else {
        if (static_cast<uint8_t>(look()) < 0x20) fail("no control character in a string");
        out.push_back(text_[at_++]);
      }
    }
    return std::string_view(out).substr(begin);
  }

  void escape(std::string& out) {
    static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const size_t i = letters.find(look());
    if (at_ < text_.size() && i != std::string_view::npos) {
      at_++;
      return out.push_back(meant[i]);
    }
    if (!take("u")) fail("an escape");
    uint32_t c = hex4();
    if (c >= 0xd800 && c < 0xdc00 && take("\\u")) {
      const uint32_t low = hex4();
      if (low < 0xdc00 || low > 0xdfff) fail("the second half of a surrogate pair");
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    if (c >= 0xd800 && c < 0xe000) fail("a surrogate pair");
    append_utf8(out, c);
  }

  uint32_t hex4() {
    uint32_t c = 0;
    if (text_.size() - at_ < 4) fail("four hexadecimal digits");
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, c, 16);
    if (error != std::errc() || end != text_.data() + at_ + 4) fail("four hexadecimal digits");
    at_ += 4;
    return c;
  }

  std::string_view text_;
  Document& to_;
  size_t at_ = 0;
};

Document::Document(std::string_view text) { Parser(text, *this).run(); }

Kind Value::kind() const { return nodes_ ? node().kind : Kind::absent; }

std::optional<std::string_view> Value::string() const {
  return is(Kind::string) ? std::optional(std::string_view(node().at, node().size)) : std::nullopt;
}

std::optional<bool> Value::boolean() const { return is(Kind::boolean) ? std::optional(node().size != 0) : std::nullopt; }

std::string_view Value::written() const { return is(Kind::number) ? std::string_view(node().at, node().size) : std::string_view(); }

std::optional<double> Value::number() const {
  if (!is(Kind::number)) return std::nullopt;
  const std::string_view text = written();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return infinity;
  if (text == "-Infinity") return -infinity;
  std::istringstream in{std::string(text)};  // std::from_chars for doubles is not in every C++ library yet
  in.imbue(std::locale::classic());
  double x = 0;
  in >> x;
  return x;
}

std::optional<int64_t> Value::integer() const {
  const std::string_view text = written();
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) return whole;
  const std::optional<double> x = number();
  constexpr double exact = 9007199254740992;  // 2^53
  if (!x || !(std::fabs(*x) <= exact) || *x != std::floor(*x)) return std::nullopt;
  return static_cast<int64_t>(*x);
}

size_t Value::size() const { return is(Kind::array) || is(Kind::object) ? node().size : 0; }

Value::Iterator Value::begin() const { return size() > 0 ? Iterator(nodes_, index_ + 1, is(Kind::object)) : end(); }
Value::Iterator Value::end() const { return {nodes_, size() > 0 ? node().next : 0, is(Kind::object)}; }

Value Value::operator[](std::string_view key) const {
  if (!is(Kind::object)) return {};
  for (const Member m : *this)
    if (m.key == key) return m.value;
  return {};
}

}  // namespace lt::json
