#include "grammar/pattern_tree.h"

#include <optional>
#include <string>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;
using Kind = Pattern::Kind;

CharSet sets(std::initializer_list<std::pair<char32_t, char32_t>> ranges) {
  CharSet set;
  for (const auto& [first, last] : ranges) set.add(CharSet::range(first, last));
  return set;
}
CharSet digits() { return CharSet::range('0', '9'); }
CharSet word() { return sets({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}); }
CharSet spaces() {
  return sets({{9, 13},
               {32, 32},
               {0xa0, 0xa0},
               {0x1680, 0x1680},
               {0x2000, 0x200a},
               {0x2028, 0x2029},
               {0x202f, 0x202f},
               {0x205f, 0x205f},
               {0x3000, 0x3000},
               {0xfeff, 0xfeff}});
}
CharSet line_ends() { return sets({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}); }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Pattern whole() {
    Pattern p = choice();
    if (!done()) bad("an unmatched )");
    return p;
  }

 private:
  static constexpr int most_nesting = 100;

  [[noreturn]] void bad(const std::string& what) const {
    throw Error(Code::argument, "regular expression: " + what + " at byte " + std::to_string(at_) + " of " + shown(text_));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(Code::unsupported,
                "regular expression: " + what + " cannot be enforced, at byte " + std::to_string(at_) + " of " + shown(text_));
  }
  bool done() const { return at_ == text_.size(); }
  bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!sees(what)) return false;
    at_ += what.size();
    return true;
  }
  char32_t next() {
    const tokenize::Read read = tokenize::read_utf8(text_, at_);
    if (read.bytes == 0) bad("an end too early");
    at_ += read.bytes;
    return read.code;
  }

  Pattern choice() {
    if (++nesting_ > most_nesting) refuse("nesting of more than " + std::to_string(most_nesting) + " groups");
    Pattern all{.kind = Kind::choice};
    do add(all, sequence());
    while (take("|"));
    --nesting_;
    if (all.parts.size() > 1) return all;
    Pattern one = std::move(all.parts[0]);
    return one;
  }
  static void add(Pattern& to, Pattern part) {
    to.pure = to.pure && part.pure;
    to.parts.push_back(std::move(part));
  }

  Pattern sequence() {
    Pattern all;
    while (!done() && text_[at_] != '|' && text_[at_] != ')') add(all, quantified());
    return all;
  }

  Pattern quantified() {
    Pattern p = atom();
    const std::optional<std::pair<uint32_t, uint32_t>> limits = quantifier();
    if (!limits) return p;
    if (p.kind == Kind::begin || p.kind == Kind::end || p.kind == Kind::edge || p.kind == Kind::ahead || p.kind == Kind::behind)
      bad("a quantifier without what it repeats");
    take("?");  // lazy: the same texts
    Pattern all{.kind = Kind::repeat};
    all.least = limits->first, all.most = limits->second;
    add(all, std::move(p));
    return all;
  }

  std::optional<std::pair<uint32_t, uint32_t>> quantifier() {
    if (take("*")) return {{0, Pattern::no_limit}};
    if (take("+")) return {{1, Pattern::no_limit}};
    if (take("?")) return {{0, 1}};
    if (!take("{")) return std::nullopt;
    const uint32_t least = number();
    uint32_t most = least;
    if (take(",")) most = sees("}") ? Pattern::no_limit : number();
    if (!take("}")) bad("a { without }");
    if (most < least) bad("limits in the wrong order");
    return {{least, most}};
  }
  uint32_t number() {
    uint64_t n = 0;
    const size_t from = at_;
    for (; !done() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      n = std::min<uint64_t>(n * 10 + static_cast<uint64_t>(text_[at_] - '0'), 1u << 30);
    if (at_ == from) bad("a { without a number");
    return static_cast<uint32_t>(n);
  }

  static Pattern of(CharSet set) {
    Pattern p{.kind = Kind::set};
    p.set = std::move(set);
    return p;
  }
  static Pattern look(Kind kind, bool inverted = false) {
    Pattern p{.kind = kind};
    p.inverted = inverted, p.pure = false;
    return p;
  }

  Pattern atom() {
    if (take("^")) return look(Kind::begin);
    if (take("$")) return look(Kind::end);
    if (take(".")) return of(line_ends().inverted());
    if (take("(")) return group();
    if (take("[")) return of(klass());
    if (take("\\")) return escape();
    if (sees("*") || sees("+") || sees("?") || sees("{")) bad("a quantifier without what it repeats");
    if (sees("]") || sees("}")) bad("an unmatched bracket");
    return of(CharSet::one(next()));
  }

  Pattern group() {
    Pattern p;
    if (take("?=") || sees("?!")) {
      p = look(Kind::ahead, take("?!"));
      p.parts.push_back(choice());
    } else if (take("?<=") || sees("?<!")) {
      p = look(Kind::behind, take("?<!"));
      p.set = single(choice());
    } else {
      if (!take("?:") && take("?<")) {
        while (!done() && text_[at_] != '>') ++at_;
        if (!take(">")) bad("a group's name without >");
      } else if (sees("?")) {
        bad("an unknown kind of group");
      }
      p = choice();
    }
    if (!take(")")) bad("a ( without )");
    if (p.kind != Kind::sequence && p.kind != Kind::choice) return p;
    Pattern whole;  // a group is repeated as one
    add(whole, std::move(p));
    return whole;
  }

  CharSet single(const Pattern& p) {
    if (p.kind == Kind::set) return p.set;
    if (p.kind == Kind::sequence && p.parts.size() == 1) return single(p.parts[0]);
    if (p.kind != Kind::choice) refuse("looking behind at more than one character");
    CharSet all;
    for (const Pattern& way : p.parts) all.add(single(way));
    return all;
  }

  // Behind the backslash, where a set is meant; else nothing is taken.
  std::optional<CharSet> set_escape() {
    constexpr std::string_view letters = "dDwWsS";
    if (!done()) {
      const auto which = letters.find(text_[at_]);
      if (which != std::string_view::npos) {
        ++at_;
        const CharSet set = which < 2 ? digits() : which < 4 ? word() : spaces();
        return which % 2 == 1 ? set.inverted() : set;
      }
    }
    const bool inverted = sees("P{");
    if (!inverted && !sees("p{")) return std::nullopt;
    const size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) bad("\\p{ without }");
    std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
    if (const size_t equals = name.find('='); equals != std::string_view::npos) name.remove_prefix(equals + 1);
    CharSet set;
    if (!CharSet::named(name, set)) refuse("the property " + shown(name));
    at_ = end + 1;
    return inverted ? set.inverted() : set;
  }

  char32_t hex(size_t digits) {
    char32_t code = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const auto value = done() ? std::string_view::npos : std::string_view("0123456789abcdef").find(static_cast<char>(text_[at_] | 0x20));
      const auto upper = done() || text_[at_] < '0';
      if (value == std::string_view::npos || upper) bad("an escape without hexadecimal digits");
      code = code << 4 | static_cast<char32_t>(value);
    }
    return code;
  }
  char32_t unicode() {
    if (take("{")) {
      char32_t code = 0;
      while (!sees("}")) {
        code = code << 4 | hex(1);
        if (code >= CharSet::kEnd) bad("a code point beyond 10FFFF");
      }
      take("}");
      return code;
    }
    const char32_t first = hex(4);
    if (first < 0xd800 || first > 0xdbff || !sees("\\u")) return first;
    const size_t before = at_;
    at_ += 2;
    if (const char32_t second = sees("{") ? 0 : hex(4); second >= 0xdc00 && second <= 0xdfff)
      return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    at_ = before;
    return first;
  }
  // Behind the backslash: a character.
  char32_t character(bool in_class) {
    constexpr std::string_view names = "fnrtv", syntax = "^$\\.*+?()[]{}|/";
    constexpr char32_t codes[] = {12, 10, 13, 9, 11};
    if (done()) bad("a backslash at the end");
    const char c = text_[at_++];
    if (const auto i = names.find(c); i != std::string_view::npos) return codes[i];
    if (syntax.find(c) != std::string_view::npos || (in_class && c == '-')) return static_cast<char32_t>(c);
    if (c == 'x') return hex(2);
    if (c == 'u') return unicode();
    if (c == 'b' && in_class) return 8;
    if (c == 'c' && !done() && ((text_[at_] | 0x20) >= 'a' && (text_[at_] | 0x20) <= 'z')) return static_cast<char32_t>(text_[at_++] & 31);
    if (c == '0' && (done() || text_[at_] < '0' || text_[at_] > '9')) return 0;
    --at_;
    if ((c >= '0' && c <= '9') || c == 'k') refuse("what a group matched");
    // Without the flag u a letter stands for itself; what means nothing with it is taken so.
    return next();
  }

  Pattern escape() {
    if (take("b")) return look(Kind::edge);
    if (take("B")) return look(Kind::edge, true);
    if (std::optional<CharSet> set = set_escape()) return of(*std::move(set));
    return of(CharSet::one(character(false)));
  }

  CharSet klass() {
    const bool inverted = take("^");
    CharSet all;
    while (!take("]")) {
      CharSet set;
      const std::optional<char32_t> first = member(set);
      if (first && sees("-") && text_.substr(at_).size() > 1 && text_[at_ + 1] != ']') {
        const size_t before = at_;
        ++at_;
        CharSet other;
        if (const std::optional<char32_t> last = member(other)) {
          if (*last < *first) bad("a range in the wrong order");
          set = CharSet::range(*first, *last);
        } else {
          at_ = before;  // a set is no end of a range: the hyphen is itself
        }
      }
      all.add(set);
    }
    return inverted ? all.inverted() : all;
  }
  // A character, or nothing where `set` has more.
  std::optional<char32_t> member(CharSet& set) {
    if (done()) bad("a [ without ]");
    if (take("\\")) {
      if (std::optional<CharSet> escaped = set_escape()) {
        set = *std::move(escaped);
        return std::nullopt;
      }
      const char32_t code = character(true);
      set = CharSet::one(code);
      return code;
    }
    const char32_t code = next();
    set = CharSet::one(code);
    return code;
  }

  const std::string_view text_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace

Pattern parse_ecma(std::string_view pattern) { return Reader(pattern).whole(); }

}  // namespace lt::grammar
