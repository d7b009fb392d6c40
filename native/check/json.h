// JSON as the shared test data needs it: parsed whole, read with at() and items(). Throws std::runtime_error.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lt::check {

class Json {
 public:
  static Json parse(std::string_view text) {
    Parser parser{text, 0};
    Json value = parser.value(0);
    parser.spaces();
    if (parser.at != text.size()) parser.fail("the end");
    return value;
  }

  bool has(const std::string& key) const { return members_.count(key) != 0; }
  const Json& at(const std::string& key) const {
    const auto found = members_.find(key);
    if (found == members_.end()) throw std::runtime_error("json: no member " + key);
    return found->second;
  }
  const std::vector<Json>& items() const { return items_; }
  const std::map<std::string, Json>& members() const { return members_; }
  const std::string& string() const { return text_; }
  double number() const { return number_; }
  bool boolean() const { return number_ != 0; }
  bool null() const { return null_; }

  std::vector<int32_t> ids() const {
    std::vector<int32_t> all;
    for (const Json& item : items_) all.push_back(static_cast<int32_t>(item.number_));
    return all;
  }

 private:
  struct Parser {
    std::string_view text;
    size_t at;

    [[noreturn]] void fail(const char* expected) const {
      throw std::runtime_error("json: expected " + std::string(expected) + " at byte " + std::to_string(at));
    }

    void spaces() {
      while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) ++at;
    }

    bool take(std::string_view word) {
      if (text.substr(at, word.size()) != word) return false;
      at += word.size();
      return true;
    }

    void need(const char* word) {
      spaces();
      if (!take(word)) fail(word);
    }

    Json value(int depth) {
      if (depth > 64) fail("less nesting");
      spaces();
      if (take("{")) return object(depth);
      if (take("[")) return array(depth);
      Json v;
      if (take("\"")) {
        v.text_ = rest_of_string();
      } else if (take("true")) {
        v.number_ = 1;
      } else if (take("null")) {
        v.null_ = true;
      } else if (!take("false")) {
        v.number_ = parse_number();
      }
      return v;
    }

    Json object(int depth) {
      Json v;
      spaces();
      if (take("}")) return v;
      do {
        need("\"");
        std::string key = rest_of_string();
        need(":");
        v.members_.emplace(std::move(key), value(depth + 1));
        spaces();
      } while (take(","));
      need("}");
      return v;
    }

    Json array(int depth) {
      Json v;
      spaces();
      if (take("]")) return v;
      do {
        v.items_.push_back(value(depth + 1));
        spaces();
      } while (take(","));
      need("]");
      return v;
    }

    double parse_number() {
      const size_t begin = at;
      while (at < text.size() && std::string_view("+-.0123456789eE").find(text[at]) != std::string_view::npos) ++at;
      if (begin == at) fail("a value");
      return std::stod(std::string(text.substr(begin, at - begin)));
    }

    uint32_t four_digits() {
      if (at + 4 > text.size()) fail("four hexadecimal digits");
      const auto code = static_cast<uint32_t>(std::stoul(std::string(text.substr(at, 4)), nullptr, 16));
      at += 4;
      return code;
    }

    void escape(std::string& out) {
      const char c = at < text.size() ? text[at++] : '\0';
      static constexpr std::string_view kNames = "bfnrt";
      if (c == 'u') return code_point(out);
      const size_t name = kNames.find(c);
      out += name == std::string_view::npos ? c : "\b\f\n\r\t"[name];
    }

    void code_point(std::string& out) {
      uint32_t code = four_digits();
      if (code >= 0xD800 && code < 0xDC00 && take("\\u")) code = 0x10000 + ((code - 0xD800) << 10) + (four_digits() - 0xDC00);
      const auto rest = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        rest(0);
      } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | code >> 12);
        rest(6), rest(0);
      } else {
        out += static_cast<char>(0xF0 | code >> 18);
        rest(12), rest(6), rest(0);
      }
    }

    std::string rest_of_string() {
      std::string out;
      while (at < text.size() && text[at] != '"') {
        const char c = text[at++];
        if (c == '\\')
          escape(out);
        else
          out += c;
      }
      if (at++ >= text.size()) fail("the end of a string");
      return out;
    }
  };

  std::map<std::string, Json> members_;
  std::vector<Json> items_;
  std::string text_;
  double number_ = 0;
  bool null_ = false;
};

}  // namespace lt::check
