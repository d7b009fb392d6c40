#include "grammar/lark_pattern.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;

CharSet python_spaces() {
  CharSet set = CharSet::known("white_space");
  set.add(CharSet::range(0x1c, 0x1f));
  return set;
}

class TerminalReader {
 public:
  TerminalReader(std::string_view text, TerminalFlags flags) : text_(text), flags_(flags) {}

  Pattern whole() {
    Pattern p = choice();
    if (!done()) bad("an unmatched )");
    return p;
  }

 private:
  static constexpr int most_nesting = 100;
  static constexpr size_t most_bounds = 2'000'000, most_work = 50'000'000;  // of all sets together, and to put them together

  [[noreturn]] void bad(const std::string& what) const {
    throw Error(Code::argument, "regular expression: " + what + " at byte " + std::to_string(at_) + " of " + shown(text_));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(Code::unsupported, "regular expression: " + what + ", at byte " + std::to_string(at_) + " of " + shown(text_));
  }
  [[noreturn]] void beyond() const { refuse("what looks beyond its own match is not supported in a terminal"); }
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
    if (!read.whole) bad("what is not UTF-8");
    at_ += read.bytes;
    return read.code;
  }

  Pattern choice() {
    if (++nesting_ > most_nesting) refuse("more than " + std::to_string(most_nesting) + " groups in one another are not supported");
    const TerminalFlags outside = flags_;
    Pattern all{.kind = Pattern::Kind::choice};
    do all.parts.push_back(sequence());
    while (take("|"));
    flags_ = outside;
    --nesting_;
    if (all.parts.size() > 1) return all;
    Pattern one = std::move(all.parts[0]);
    return one;
  }
  Pattern sequence() {
    Pattern all;
    while (!done() && text_[at_] != '|' && text_[at_] != ')') all.parts.push_back(quantified());
    return all;
  }

  Pattern quantified() {
    Pattern p = atom();
    const auto limits = quantifier();
    if (!limits) return p;
    if (sees("?")) refuse("a quantifier that takes as little as it may is not supported: write what it must not take, or use lazy");
    if (sees("+")) refuse("a quantifier that gives nothing back is not supported");
    if (quantifier()) bad("a quantifier behind another");
    Pattern all{.kind = Pattern::Kind::repeat};
    all.least = limits->first, all.most = limits->second;
    all.parts.push_back(std::move(p));
    return all;
  }
  std::optional<std::pair<uint32_t, uint32_t>> quantifier() {
    if (take("*")) return {{0, Pattern::no_limit}};
    if (take("+")) return {{1, Pattern::no_limit}};
    if (take("?")) return {{0, 1}};
    const size_t before = at_;
    if (!take("{")) return std::nullopt;
    const std::optional<uint32_t> least = number();
    const bool comma = take(",");
    const std::optional<uint32_t> most = comma ? number() : least;
    if (!take("}") || (!least && !comma)) return at_ = before, std::nullopt;  // the brace is itself
    const std::pair limits{least.value_or(0), most.value_or(Pattern::no_limit)};
    if (limits.second < limits.first) bad("limits in the wrong order");
    return limits;
  }
  std::optional<uint32_t> number() {
    uint64_t n = 0;
    const size_t from = at_;
    for (; !done() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      n = std::min<uint64_t>(n * 10 + static_cast<uint64_t>(text_[at_] - '0'), 1u << 30);
    return at_ == from ? std::nullopt : std::optional(static_cast<uint32_t>(n));
  }

  // What is looked up counts as so many bounds.
  void count(size_t bounds) {
    bounds_ += bounds;
    if (bounds_ > most_bounds || work_ > most_work) refuse("so many sets of characters are not supported");
  }
  Pattern of(CharSet set) {
    count(set.bounds().size());
    Pattern p{.kind = Pattern::Kind::set};
    p.set = std::move(set);
    return p;
  }
  Pattern of(char32_t code) { return of(flags_.any_case ? any_case_of(code) : CharSet::one(code)); }

  Pattern atom() {
    if (sees("^") || sees("$")) beyond();
    if (take(".")) return of(flags_.dot_all ? CharSet::all() : CharSet::one('\n').inverted());
    if (take("(")) return group();
    if (take("[")) return of(klass());
    if (take("\\")) {
      if (!done() && std::string_view("AbBGZz").find(text_[at_]) != std::string_view::npos) beyond();
      if (std::optional<CharSet> set = set_escape()) return of(*std::move(set));
      return of(character());
    }
    const size_t before = at_;
    if (quantifier()) {
      at_ = before;
      bad("a quantifier without what it repeats");
    }
    return of(next());
  }

  Pattern group() {
    Pattern whole;  // a group is repeated as one
    if (take("?")) {
      const bool named = take("P<") || (sees("<") && !sees("<=") && !sees("<!") && take("<"));
      if (named) {
        while (!done() && text_[at_] != '>') ++at_;
        if (!take(">")) bad("a group's name without >");
      } else if (take("#")) {
        while (!done() && text_[at_] != ')') ++at_;
        if (!take(")")) bad("a ( without )");
        return whole;
      } else if (sees("=") || sees("!") || sees("<")) {
        beyond();
      } else if (sees("P=") || sees("(") || sees(">")) {
        refuse("this kind of group is not supported");
      } else {
        const TerminalFlags outside = flags_;
        flags();
        if (take(")")) return whole;  // they hold up to the end of the group that this stands in
        if (!take(":")) bad("an unknown kind of group");
        whole.parts.push_back(choice());
        flags_ = outside;
        if (!take(")")) bad("a ( without )");
        return whole;
      }
    }
    whole.parts.push_back(choice());
    if (!take(")")) bad("a ( without )");
    return whole;
  }
  void flags() {
    for (bool on = true; !done(); ++at_) {
      const char c = text_[at_];
      if (c == '-')
        on = false;
      else if (c == 'i')
        flags_.any_case = on;
      else if (c == 's')
        flags_.dot_all = on;
      else if (c == 'x' || c == 'U')
        refuse(std::string("the flag ") + c + " is not supported");
      else if (c != 'm' && c != 'u' && c != 'a' && c != 'L')  // nothing that they change is supported
        return;
    }
  }

  // Behind the backslash, where a set is meant; else nothing is taken.
  std::optional<CharSet> set_escape() {
    constexpr std::string_view letters = "dDwWsS";
    if (done()) bad("a backslash at the end");
    count(100);
    if (const auto which = letters.find(text_[at_]); which != std::string_view::npos) {
      ++at_;
      const CharSet set = which < 2 ? CharSet::known("Nd") : which < 4 ? word_letters() : python_spaces();
      return which % 2 == 1 ? set.inverted() : set;
    }
    const bool inverted = text_[at_] == 'P';
    if (!inverted && text_[at_] != 'p') return std::nullopt;
    ++at_;
    size_t end = at_ + 1;
    std::string_view name = text_.substr(at_, 1);
    if (take("{")) {
      end = text_.find('}', at_);
      if (end == std::string_view::npos) bad("\\p{ without }");
      name = text_.substr(at_, end++ - at_);
      if (const size_t equals = name.find('='); equals != std::string_view::npos) name.remove_prefix(equals + 1);
    }
    CharSet set;
    if (!CharSet::named(name, set)) refuse("the property " + shown(name) + " is not known");
    at_ = end;
    return inverted ? set.inverted() : set;
  }
  // Behind the backslash: one character.
  char32_t character() {
    constexpr std::string_view names = "afnrtv";
    constexpr char32_t codes[] = {7, 12, 10, 13, 9, 11};
    const char c = text_[at_];
    if (const auto i = names.find(c); i != std::string_view::npos) return ++at_, codes[i];
    if (c == 'x' || c == 'u' || c == 'U') return ++at_, hexadecimal(c == 'x' ? 2 : c == 'u' ? 4 : 8);
    if (c >= '0' && c <= '9') refuse("what a group matched, and digits behind a backslash, are not supported");
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) bad("an unknown escape");
    return next();
  }
  char32_t hexadecimal(size_t digits) {
    const bool braced = take("{");
    char32_t code = 0;
    for (size_t i = 0; braced ? !take("}") : i < digits; ++i, ++at_) {
      const char c = done() ? ' ' : text_[at_];
      const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (value < 0 || i == 8) bad("an escape without its hexadecimal digits");
      code = code << 4 | static_cast<char32_t>(value);
    }
    if (code >= CharSet::kEnd || (code >= 0xd800 && code <= 0xdfff)) bad("an escape that is no character");
    return code;
  }

  CharSet klass() {
    const bool inverted = take("^");
    CharSet all;
    for (bool first = true; first || !take("]"); first = false) {
      CharSet set;
      const std::optional<char32_t> from = member(set);
      if (sees("-") && !sees("-]")) {
        if (sees("--")) refuse("-- in a set is not supported: write \\-");
        if (!from) bad("a range that begins with a set");
        ++at_;
        CharSet other;
        const std::optional<char32_t> to = member(other);
        if (!to) bad("a range that ends with a set");
        if (*to < *from) bad("a range in the wrong order");
        set = CharSet::range(*from, *to);
      }
      all.add(set);
      work_ += all.bounds().size();
      count(0);
    }
    if (flags_.any_case) {
      count(500);
      all = all.any_case();
    }
    return inverted ? all.inverted() : all;
  }
  // A character, or nothing where `set` has more.
  std::optional<char32_t> member(CharSet& set) {
    if (done()) bad("a [ without ]");
    for (const std::string_view joint : {"[", "&&", "~~", "||"})
      if (sees(joint)) refuse(std::string(joint) + " in a set is read in different ways: write a backslash before it");
    if (take("\\")) {
      if (std::optional<CharSet> escaped = set_escape()) {
        set = *std::move(escaped);
        return std::nullopt;
      }
      const char32_t code = text_[at_] == 'b' ? (++at_, char32_t{8}) : character();
      set = CharSet::one(code);
      return code;
    }
    const char32_t code = next();
    set = CharSet::one(code);
    return code;
  }

  const std::string_view text_;
  TerminalFlags flags_;
  size_t at_ = 0, bounds_ = 0, work_ = 0;
  int nesting_ = 0;
};

}  // namespace

Pattern parse_terminal(std::string_view pattern, TerminalFlags flags) { return TerminalReader(pattern, flags).whole(); }

CharSet word_letters() {
  CharSet set = CharSet::known("L");
  set.add(CharSet::known("N"));
  set.add(CharSet::one('_'));
  return set;
}

CharSet any_case_of(char32_t character) {
  static const auto alike = [] {
    std::unordered_map<char32_t, CharSet> sets;
    const std::span<const char32_t> all = tokenize::case_sets();
    for (size_t begin = 0, end = 0; end < all.size(); ++end) {
      if (all[end] != 0) continue;
      CharSet set;
      for (const char32_t code : all.subspan(begin, end - begin)) set.add(CharSet::one(code));
      for (const char32_t code : all.subspan(begin, end - begin)) sets.emplace(code, set);
      begin = end + 1;
    }
    return sets;
  }();
  const auto found = alike.find(character);
  return found == alike.end() ? CharSet::one(character) : found->second;
}

}  // namespace lt::grammar
