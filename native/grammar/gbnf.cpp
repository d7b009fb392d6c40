#include "grammar/gbnf.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "grammar/characters.h"
#include "grammar/choices.h"
#include "grammar/token_numbers.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;

struct Item {
  enum class Kind { literal, set, name, token, sequence, choice, repeat };

  Kind kind = Kind::sequence;
  std::string text = {};  // of a literal
  CharSet set = {};
  uint32_t rule = 0;  // that is named
  uint32_t token = 0;
  bool inverted = false;  // any token but this
  std::vector<Item> parts = {};
  uint32_t least = 0, most = Expressions::no_limit;
};

struct Rule {
  std::string name;
  Item body;
  bool defined = false, takes_empty = false, ends = false;
};

class GbnfReader {
 public:
  GbnfReader(std::string_view text, const TokenNames& names) : text_(text), names_(names) {}

  std::vector<Rule> rules() {
    rule_of("root");
    skip(true);
    while (!done()) {
      const uint32_t rule = rule_of(name());
      skip(false);
      if (!take("::=")) bad("expected ::=");
      skip(true);
      if (rules_[rule].defined) bad("the rule " + rules_[rule].name + " is there twice");
      Item body = choice(false);
      rules_[rule].body = std::move(body);
      rules_[rule].defined = true;
      if (!done() && text_[at_] != '\n' && text_[at_] != '\r') bad("expected the end of a rule");
      skip(true);
    }
    for (const Rule& r : rules_)
      if (!r.defined) throw Error(Code::argument, "grammar: the rule " + shown(r.name) + " is not defined; add " + r.name + " ::= ...");
    return std::move(rules_);
  }

 private:
  static constexpr int most_nesting = 200;

  [[noreturn]] void bad(const std::string& what) const {
    const auto line = std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n') + 1;
    throw Error(Code::argument, "grammar: " + what + " in line " + std::to_string(line));
  }
  bool done() const { return at_ >= text_.size(); }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void skip(bool lines) {
    while (!done()) {
      if (text_[at_] == '#')
        at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
      else if (text_[at_] == ' ' || text_[at_] == '\t' || (lines && (text_[at_] == '\n' || text_[at_] == '\r')))
        ++at_;
      else
        return;
    }
  }
  static bool in_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }
  std::string_view name() {
    const size_t from = at_;
    while (!done() && in_name(text_[at_])) ++at_;
    if (at_ == from) bad("expected the name of a rule");
    return text_.substr(from, at_ - from);
  }
  uint32_t rule_of(std::string_view name) {
    const auto [it, made] = numbers_.try_emplace(std::string(name), static_cast<uint32_t>(rules_.size()));
    if (made) rules_.push_back({.name = std::string(name), .body = {}});
    return it->second;
  }

  Item choice(bool nested) {
    if (++nesting_ > most_nesting) throw Error(Code::unsupported, "grammar: groups are nested too deep; give some of them names");
    Item all{.kind = Item::Kind::choice};
    do {
      skip(true);
      all.parts.push_back(sequence(nested));
    } while (take("|"));
    --nesting_;
    if (all.parts.size() > 1) return all;
    Item one = std::move(all.parts[0]);
    return one;
  }

  Item sequence(bool nested) {
    Item all;
    for (skip(nested); !done() && text_[at_] != '|' && text_[at_] != ')' && text_[at_] != '\n' && text_[at_] != '\r'; skip(nested))
      all.parts.push_back(repeated(one()));
    return all;
  }

  Item one() {
    if (take("\"")) return literal();
    if (take("[")) return klass();
    if (take(".")) return set_of(CharSet::all());
    if (take("!<")) return token(true);
    if (take("<")) return token(false);
    if (take("(")) {
      Item group;
      group.parts.push_back(choice(true));
      skip(true);
      if (!take(")")) bad("expected )");
      return group;
    }
    Item named{.kind = Item::Kind::name};
    named.rule = rule_of(name());
    return named;
  }

  Item repeated(Item item) {
    int times = 0;
    const auto wrap = [&](uint32_t least, uint32_t most) {
      if (++times > most_nesting)
        throw Error(Code::unsupported, "grammar: repetitions are nested too deep; leave those out that say nothing");
      Item all{.kind = Item::Kind::repeat};
      all.least = least, all.most = most;
      all.parts.push_back(std::move(item));
      item = std::move(all);
    };
    while (true) {
      if (take("*"))
        wrap(0, Expressions::no_limit);
      else if (take("+"))
        wrap(1, Expressions::no_limit);
      else if (take("?"))
        wrap(0, 1);
      else if (take("{"))
        limits(wrap);
      else
        return item;
    }
  }
  template <class Wrap>
  void limits(const Wrap& wrap) {
    skip(true);
    const uint32_t least = number();
    uint32_t most = least;
    skip(true);
    if (take(",")) {
      skip(true);
      most = !done() && text_[at_] == '}' ? Expressions::no_limit : number();
      skip(true);
    }
    if (!take("}")) bad("expected }");
    if (most < least) bad("limits in the wrong order");
    wrap(least, most);
  }
  uint32_t number() {
    const size_t from = at_;
    uint64_t n = 0;
    for (; !done() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      n = std::min<uint64_t>(n * 10 + static_cast<uint64_t>(text_[at_] - '0'), Expressions::no_limit - 1);
    if (at_ == from) bad("expected a number");
    return static_cast<uint32_t>(n);
  }

  // Behind its opening bracket.
  Item token(bool inverted) {
    Item item{.kind = Item::Kind::token};
    item.inverted = inverted;
    if (take("[")) {
      item.token = number();
      if (!take("]>")) bad("expected ]>");
      if (item.token > static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) bad("a token's number that is too large");
      return item;
    }
    const size_t end = text_.find('>', at_);
    if (end == std::string_view::npos) bad("expected >");
    const std::string_view name = text_.substr(at_ - 1, end + 2 - at_);
    if (!names_)
      throw Error(Code::unsupported, "grammar: " + shown(name) + ", a token by its name, needs a vocabulary; give its number, as in <[5]>");
    const std::optional<int32_t> id = names_(name);
    if (!id) bad(shown(name) + " is no token of the vocabulary");
    at_ = end + 1;
    item.token = static_cast<uint32_t>(*id);
    return item;
  }

  static Item set_of(CharSet set) {
    Item item{.kind = Item::Kind::set};
    item.set = std::move(set);
    return item;
  }

  Item literal() {
    Item item{.kind = Item::Kind::literal};
    while (!take("\"")) {
      const size_t from = at_;
      const char32_t code = character();
      if (text_[from] != '\\')
        item.text += text_.substr(from, at_ - from);
      else
        append_utf8(item.text, code);
    }
    return item;
  }

  Item klass() {
    const bool inverted = take("^");
    CharSet set;
    while (!take("]")) {
      const char32_t first = character();
      char32_t last = first;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        last = character();
        if (last < first) bad("a range in the wrong order");
      }
      set.add(CharSet::range(first, last));
    }
    return set_of(inverted ? set.inverted() : set);
  }

  char32_t character() {
    if (done()) bad("an end too early");
    if (!take("\\")) {
      const tokenize::Read read = tokenize::read_utf8(text_, at_);
      at_ += std::max(read.bytes, 1u);
      return read.code;
    }
    constexpr std::string_view names = "nrt\"[]\\", codes = "\n\r\t\"[]\\";
    if (done()) bad("an end too early");
    const char c = text_[at_++];
    if (const auto i = names.find(c); i != std::string_view::npos) return static_cast<char32_t>(codes[i]);
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) bad("an unknown escape");
    char32_t code = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const char d = done() ? ' ' : text_[at_];
      const int value = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
      if (value < 0) bad("an escape without hexadecimal digits");
      code = code << 4 | static_cast<char32_t>(value);
    }
    if (code >= CharSet::kEnd) bad("a code point beyond 10FFFF");
    return code;
  }

  const std::string_view text_;
  const TokenNames& names_;
  size_t at_ = 0;
  int nesting_ = 0;
  std::vector<Rule> rules_;
  std::unordered_map<std::string, uint32_t> numbers_;
};

// Whether `member` holds of an item, given that of the rules: of a literal, a set or a token it is `single` that says so.
template <class Member, class Single>
bool holds(const Item& item, const std::vector<Rule>& rules, Member member, const Single& single) {
  const auto part = [&](const Item& i) { return holds(i, rules, member, single); };
  switch (item.kind) {
    case Item::Kind::literal:
    case Item::Kind::set:
    case Item::Kind::token:
      return single(item);
    case Item::Kind::name:
      return rules[item.rule].*member;
    case Item::Kind::sequence:
      return std::all_of(item.parts.begin(), item.parts.end(), part);
    case Item::Kind::choice:
      return std::any_of(item.parts.begin(), item.parts.end(), part);
    case Item::Kind::repeat:
      return item.least == 0 || part(item.parts[0]);
  }
  return false;
}

template <class Member, class Single>
void settle(std::vector<Rule>& rules, Member member, const Single& single) {
  for (bool more = true; more;) {
    more = false;
    for (Rule& r : rules)
      if (!(r.*member) && holds(r.body, rules, member, single)) r.*member = more = true;
  }
}

class Builder {
 public:
  Builder(Expressions& e, const std::vector<Rule>& rules) : e_(e), rules_(rules) {
    for (size_t i = 0; i < rules.size(); ++i) numbers_.push_back(e.rule());
    for (size_t i = 0; i < rules.size(); ++i)
      if (rules[i].ends) e.define(numbers_[i], of(rules[i].body));
  }
  Expression call(uint32_t rule) const {
    return rules_[rule].ends ? e_.call(numbers_[rule], rules_[rule].takes_empty) : Expressions::nothing;
  }

 private:
  Expression of(const Item& item) {
    std::vector<Expression> parts;
    if (item.kind != Item::Kind::choice)
      for (const Item& part : item.parts) parts.push_back(of(part));
    switch (item.kind) {
      case Item::Kind::literal:
        return e_.text(item.text);
      case Item::Kind::set:
        return one_of(e_, item.set);
      case Item::Kind::name:
        return call(item.rule);
      case Item::Kind::token:
        return item.inverted ? token_but(e_, item.token) : token_of(e_, item.token);
      case Item::Kind::sequence:
        return e_.sequence(parts);
      case Item::Kind::choice:
        return choice(item);
      case Item::Kind::repeat:
        return e_.repeat(parts[0], item.least, item.most);
    }
    return Expressions::nothing;
  }

  Expression choice(const Item& item) {
    std::vector<Expression> parts;
    std::vector<std::string_view> texts;
    for (const Item& part : item.parts) {
      const bool alone = part.kind == Item::Kind::sequence && part.parts.size() == 1;
      const Item& way = alone ? part.parts[0] : part;
      if (way.kind == Item::Kind::literal)
        texts.push_back(way.text);
      else
        parts.push_back(of(way));
    }
    if (!texts.empty()) parts.push_back(either_of(e_, std::move(texts)));
    return e_.either(parts);
  }

  Expressions& e_;
  const std::vector<Rule>& rules_;
  std::vector<uint32_t> numbers_;
};

}  // namespace

Expression texts_of_gbnf(std::string_view grammar, const TokenNames& names, Expressions& expressions) {
  std::vector<Rule> rules = GbnfReader(grammar, names).rules();
  settle(rules, &Rule::takes_empty, [](const Item& i) { return i.kind == Item::Kind::literal && i.text.empty(); });
  settle(rules, &Rule::ends, [](const Item& i) { return i.kind != Item::Kind::set || !i.set.empty(); });
  if (!rules[0].ends) throw Error(Code::argument, "grammar: no text of root ends; give it an alternative that does not call itself");
  const Builder builder(expressions, rules);
  expressions.seal();
  return builder.call(0);
}

}  // namespace lt::grammar
