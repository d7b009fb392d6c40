#include "tokenize/pattern_syntax.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

constexpr int kMostTimes = 1000;
constexpr int kDeepest = 100;

Node set_node(CharSet set) {
  Node n;
  n.kind = Node::Kind::set;
  n.set = std::move(set);
  return n;
}

Node beside(Node::Kind kind, CharSet set, bool edge) {
  Node n = set_node(std::move(set));
  n.kind = kind;
  n.edge = edge;
  return n;
}

Node group_of(Node::Kind kind, std::vector<Node> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Node n;
  n.kind = kind;
  n.parts = std::move(parts);
  return n;
}

Node repeated(Node part, int least, int most, bool lazy) {
  Node n;
  n.kind = Node::Kind::repeat;
  n.parts.push_back(std::move(part));
  n.least = least, n.most = most, n.lazy = lazy;
  return n;
}

Node next_in(CharSet set, bool edge) { return beside(Node::Kind::next, std::move(set), edge); }
Node previous_in(CharSet set, bool edge) { return beside(Node::Kind::previous, std::move(set), edge); }

// A word begins or ends here, or (`inverted`) neither.
Node word_edge(bool inverted) {
  const CharSet word = CharSet::known("word"), none = word.inverted();
  const auto both = [](Node a, Node b) {
    std::vector<Node> parts;
    parts.push_back(std::move(a));
    parts.push_back(std::move(b));
    return group_of(Node::Kind::sequence, std::move(parts));
  };
  std::vector<Node> ways;
  ways.push_back(both(previous_in(word, false), inverted ? next_in(word, false) : next_in(none, true)));
  ways.push_back(both(previous_in(none, true), inverted ? next_in(none, true) : next_in(word, false)));
  return group_of(Node::Kind::choice, std::move(ways));
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  Node parse() {
    Node all = choice();
    if (at_ < pattern_.size()) fail("expected its end, found a )");
    return all;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::unsupported, "the split pattern " + shown(pattern_) + ", at byte " + std::to_string(at_) + ": " + what);
  }

  bool at_end() const { return at_ >= pattern_.size(); }
  bool sees(std::string_view what) const { return pattern_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!sees(what)) return false;
    at_ += what.size();
    return true;
  }

  char32_t take_char() {
    if (at_end()) fail("expected a character, found its end");
    const Read read = read_utf8(pattern_, at_);
    if (!read.whole) fail("expected UTF-8");
    at_ += read.bytes;
    return read.code;
  }

  Node choice() {
    if (++depth_ > kDeepest) fail("groups within groups, too many");
    const bool outer_case = any_case_, outer_dot = dot_takes_newline_;
    std::vector<Node> ways;
    do ways.push_back(sequence());
    while (take("|"));
    any_case_ = outer_case, dot_takes_newline_ = outer_dot;
    --depth_;
    return group_of(Node::Kind::choice, std::move(ways));
  }

  Node sequence() {
    std::vector<Node> parts;
    while (!at_end() && !sees("|") && !sees(")")) {
      Node part = atom();
      while (quantified(part)) {
      }
      parts.push_back(std::move(part));
    }
    return group_of(Node::Kind::sequence, std::move(parts));
  }

  bool quantified(Node& part) {
    int least = 0, most = Node::kNoLimit;
    bool interval = false;
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (times(least, most)) {
      interval = true;
    } else {
      return false;
    }
    if (part.kind == Node::Kind::next || part.kind == Node::Kind::previous || part.kind == Node::Kind::look)
      fail("expected no quantifier behind what takes no character");
    if (take("?")) {
      part = repeated(std::move(part), least, most, true);
    } else if (!interval && take("+")) {  // behind an interval it is a quantifier of its own
      part = possessive(std::move(part), least, most);
    } else {
      part = repeated(std::move(part), least, most, false);
    }
    return true;
  }

  // What takes as much as there is and gives none back: a run of a set that what does not belong to it ends.
  Node possessive(Node part, int least, int most) {
    if (part.kind != Node::Kind::set) fail("a possessive quantifier of more than one character is not built");
    const CharSet set = part.set;
    std::vector<Node> parts;
    if (most == 1) {  // ?+
      std::vector<Node> ways;
      ways.push_back(std::move(part));
      ways.push_back(next_in(set.inverted(), true));
      return group_of(Node::Kind::choice, std::move(ways));
    }
    parts.push_back(repeated(std::move(part), least, most, false));
    parts.push_back(next_in(set.inverted(), true));
    return group_of(Node::Kind::sequence, std::move(parts));
  }

  // {n}, {n,}, {n,m}, {,m}; else the brace is a character.
  bool times(int& least, int& most) {
    const size_t begin = at_;
    if (!take("{")) return false;
    const int first = number();
    int last = first;
    if (take(","))
      last = number();
    else if (first < 0)
      last = kBad;
    if (last == kBad || !take("}") || (first < 0 && last < 0)) {
      at_ = begin;
      return false;
    }
    if (first > kMostTimes || last > kMostTimes) fail("a repetition of more than " + std::to_string(kMostTimes) + " is not built");
    least = std::max(first, 0);
    most = last < 0 ? Node::kNoLimit : last;
    if (most != Node::kNoLimit && most < least) fail("expected a repetition's least before its most");
    return true;
  }

  int number() {  // -1: there is none
    int value = -1;
    for (; !at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; ++at_)
      value = std::min(std::max(value, 0) * 10 + (pattern_[at_] - '0'), kMostTimes + 1);
    return value;
  }

  Node atom() {
    if (take("(")) return group();
    if (take("[")) return set_node(cased(bracket()));
    if (take(".")) return set_node(dot_takes_newline_ ? CharSet::all() : CharSet::one('\n').inverted());
    if (take("^")) return previous_in(CharSet::one('\n'), true);
    if (take("$")) return next_in(CharSet::one('\n'), true);
    if (take("\\b")) return word_edge(false);
    if (take("\\B")) return word_edge(true);
    if (take("\\A")) return previous_in({}, true);
    if (take("\\z")) return next_in({}, true);
    if (sees("*") || sees("+") || sees("?")) fail("expected something to repeat");
    CharSet set;
    if (shorthand(set)) return set_node(std::move(set));
    return set_node(cased(CharSet::one(literal())));
  }

  CharSet cased(CharSet set) const { return any_case_ ? set.any_case() : set; }

  Node group() {
    Node inner;
    if (take("?:")) {
      inner = choice();
    } else if (take("?=") || take("?!")) {
      return look_ahead(pattern_[at_ - 1] == '!');
    } else if (take("?<=") || take("?<!")) {
      return look_behind(pattern_[at_ - 1] == '!');
    } else if (take("?>")) {
      inner = choice();
      const bool whole = inner.kind == Node::Kind::set;
      const bool run = inner.kind == Node::Kind::repeat && inner.parts[0].kind == Node::Kind::set && !inner.lazy &&
                       (inner.most == Node::kNoLimit || inner.most == 1) && inner.least <= 1;
      if (!whole && !run) fail("a group taken whole, (?>, of more than a run of one set is not built");
      if (run) inner = possessive(std::move(inner.parts[0]), inner.least, inner.most);
    } else if (take("?")) {
      return flags();
    } else {
      inner = choice();
    }
    close();
    return inner;
  }

  void close() {
    if (!take(")")) fail("expected a )");
  }

  // (?i) for what follows in the group, (?i:...) for what it holds.
  Node flags() {
    const bool outer_case = any_case_, outer_dot = dot_takes_newline_;
    for (bool on = true; !sees(":") && !sees(")");) {
      if (take("-"))
        on = false;
      else if (take("i"))
        any_case_ = on;
      else if (take("m"))
        dot_takes_newline_ = on;
      else
        fail("this kind of group is not built");
    }
    if (take(")")) {
      // Alternatives that follow belong to it.
      std::vector<Node> ways;
      do ways.push_back(sequence());
      while (take("|"));
      return group_of(Node::Kind::choice, std::move(ways));
    }
    ++at_;
    Node inner = choice();
    close();
    any_case_ = outer_case, dot_takes_newline_ = outer_dot;
    return inner;
  }

  Node look_ahead(bool inverted) {
    Node inner = choice();
    close();
    if (CharSet set; one_character(inner, set)) return inverted ? next_in(set.inverted(), true) : next_in(std::move(set), false);
    Node n;
    n.kind = Node::Kind::look;
    n.inverted = inverted;
    n.parts.push_back(std::move(inner));
    return n;
  }

  Node look_behind(bool inverted) {
    Node inner = choice();
    close();
    CharSet set;
    if (!one_character(inner, set)) fail("a look-behind further than one character is not built");
    return inverted ? previous_in(set.inverted(), true) : previous_in(std::move(set), false);
  }

  static bool one_character(const Node& n, CharSet& set) {
    if (n.kind == Node::Kind::set) return set.add(n.set), true;
    return n.kind == Node::Kind::choice &&
           std::all_of(n.parts.begin(), n.parts.end(), [&](const Node& p) { return one_character(p, set); });
  }

  // \d and the like, \p{...}.
  bool shorthand(CharSet& set) {
    static constexpr std::pair<char, std::string_view> letters[] = {{'d', "Nd"}, {'s', "white_space"}, {'w', "word"}};
    if (!sees("\\") || at_ + 1 >= pattern_.size()) return false;
    const char c = pattern_[at_ + 1];
    for (const auto& [letter, name] : letters) {
      if (c != letter && c != letter - 'a' + 'A') continue;
      at_ += 2;
      set = CharSet::known(name);
      if (c != letter) set = set.inverted();
      return true;
    }
    if (c == 'h' || c == 'H') {
      at_ += 2;
      set = CharSet::range('0', '9');
      set.add(CharSet::range('a', 'f'));
      set.add(CharSet::range('A', 'F'));
      if (c == 'H') set = set.inverted();
      return true;
    }
    if (c != 'p' && c != 'P') return false;
    at_ += 2;
    if (!take("{")) fail("expected a property in braces");
    const bool inverted = take("^") != (c == 'P');
    const size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) fail("expected a property in braces");
    const std::string_view name = pattern_.substr(at_, end - at_);
    if (!CharSet::named(name, set)) fail("the property " + shown(name) + " is not known here");
    at_ = end + 1;
    if (inverted) set = set.inverted();
    return true;
  }

  // A character that stands for itself, or one that is written with a backslash.
  char32_t literal() {
    const char32_t c = take_char();
    if (c != '\\') return c;
    const char32_t escaped = take_char();
    switch (escaped) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'a':
        return '\a';
      case 'e':
        return 0x1B;
      case 'u':
        return hex_digits(4, 4);
      case 'x': {
        if (!take("{")) return hex_digits(1, 2);
        const char32_t code = hex_digits(1, 6);
        if (!take("}")) fail("expected a code point in braces");
        return code;
      }
      default:
        break;
    }
    const bool sign = escaped >= 0x80 ||
                      !((escaped >= '0' && escaped <= '9') || (escaped >= 'a' && escaped <= 'z') || (escaped >= 'A' && escaped <= 'Z'));
    if (!sign) fail(std::string("\\") + static_cast<char>(escaped) + " is not built");
    return escaped;
  }

  char32_t hex_digits(int least, int most) {
    char32_t code = 0;
    int count = 0;
    for (; count < most && !at_end(); ++count, ++at_) {
      const char c = pattern_[at_];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) break;
      code = code * 16 + static_cast<char32_t>(digit);
    }
    if (count < least || code >= CharSet::kEnd) fail("expected a code point in hexadecimal digits");
    return code;
  }

  // What stands between [ and ], the first of which is taken.
  CharSet bracket() {
    if (++depth_ > kDeepest) fail("sets within sets, too many");
    const bool inverted = take("^");
    CharSet set, meets = CharSet::all();
    for (bool first = true; first || !sees("]"); first = false) {
      if (at_end()) fail("expected a ]");
      if (take("&&")) {
        meets = meets.meeting(set);
        set = {};
      } else {
        bracket_item(set);
      }
    }
    ++at_;
    --depth_;
    set = set.meeting(meets);
    if (any_case_) set = set.any_case();
    return inverted ? set.inverted() : set;
  }

  void bracket_item(CharSet& to) {
    CharSet set;
    if (take("[:")) {
      const bool inverted = take("^");
      const size_t end = pattern_.find(":]", at_);
      if (end == std::string_view::npos || !CharSet::named(pattern_.substr(at_, end - at_), set)) fail("this set is not known here");
      at_ = end + 2;
      return to.add(inverted ? set.inverted() : set);
    }
    if (take("[")) return to.add(bracket());
    if (shorthand(set)) return to.add(set);
    const char32_t first = literal();
    if (!sees("-") || pattern_.substr(at_).starts_with("-]") || at_ + 1 >= pattern_.size()) return to.add(CharSet::one(first));
    const size_t dash = at_++;
    if (shorthand(set) || sees("[")) {  // then the dash is one
      at_ = dash + 1;
      to.add(CharSet::one(first));
      return to.add(CharSet::one('-'));
    }
    const char32_t last = literal();
    if (last < first) fail("expected the first of a range before its last");
    to.add(CharSet::range(first, last));
  }

  static constexpr int kBad = -2;

  std::string_view pattern_;
  size_t at_ = 0;
  int depth_ = 0;
  bool any_case_ = false;
  bool dot_takes_newline_ = false;
};

}  // namespace

Node parse_pattern(std::string_view pattern) { return Parser(pattern).parse(); }

}  // namespace lt::tokenize
