#include "grammar/pattern.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "grammar/characters.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;
using Kind = Pattern::Kind;

CharSet word_characters() {
  CharSet set = CharSet::range('0', '9');
  for (const auto& [first, last] : {std::pair{U'A', U'Z'}, {U'a', U'z'}, {U'_', U'_'}}) set.add(CharSet::range(first, last));
  return set;
}

// What a pattern is followed by depends on what stands before: nothing (0), or a character of the i-th of these sets, which are apart.
using Following = std::vector<Expression>;

class Compiler {
 public:
  Compiler(const Pattern& pattern, const Alphabet& alphabet) : a_(alphabet), e_(alphabet.expressions()), before_{CharSet::all()} {
    tell_apart(pattern);
    for (const CharSet& set : before_) ends_with_.push_back(e_.sequence(a_.any_text(), a_.one_of(set)));
  }

  Expression whole(const Pattern& pattern) { return at(pattern, Following(before_.size() + 1, Expressions::empty))[0]; }
  Expression part(const Pattern& pattern) {
    return behind_pure(a_.any_text(), at(pattern, Following(before_.size() + 1, a_.any_text())))[0];
  }

 private:
  static constexpr uint32_t most_copies = 1000;
  static constexpr size_t most_sets = 32;

  void tell_apart(const Pattern& p) {
    if (p.pure) return;
    if (p.kind == Kind::edge) tell_apart(word_characters());
    if (p.kind == Kind::behind) tell_apart(p.set);
    for (const Pattern& part : p.parts) tell_apart(part);
  }
  void tell_apart(const CharSet& set) {
    std::vector<CharSet> cut;
    for (const CharSet& old : before_)
      for (CharSet side : {old.meeting(set), old.meeting(set.inverted())})
        if (!side.empty()) cut.push_back(std::move(side));
    if (cut.size() > most_sets)
      throw Error(Code::unsupported, "regular expression: it looks behind at too many different sets of characters");
    before_ = std::move(cut);
  }

  // Of a pattern that looks at nothing beside its match.
  Expression pure(const Pattern& p) {
    std::vector<Expression> parts;
    for (const Pattern& part : p.parts) parts.push_back(pure(part));
    if (p.kind == Kind::set) return a_.one_of(p.set);
    if (p.kind == Kind::choice) return e_.either(parts);
    if (p.kind == Kind::repeat) return e_.repeat(parts[0], p.least, p.most);
    return e_.sequence(parts);
  }

  // Texts of e, then what follows behind their last characters.
  Following behind_pure(Expression e, const Following& next) {
    Expression moved = Expressions::nothing;
    if (std::all_of(next.begin() + 1, next.end(), [&](Expression n) { return n == next[1]; })) {
      if (next[0] == next[1]) return Following(next.size(), e_.sequence(e, next[1]));
      moved = e_.sequence(both(e, e_.except(Expressions::empty)), next[1]);
    } else {
      std::vector<Expression> ways;
      for (size_t i = 0; i < before_.size(); ++i) ways.push_back(e_.sequence(both(e, ends_with_[i]), next[i + 1]));
      moved = e_.either(ways);
    }
    Following all(next.size(), moved);
    if (e_.takes_empty(e))
      for (size_t i = 0; i < all.size(); ++i) all[i] = either(moved, next[i]);
    return all;
  }

  Following at(const Pattern& p, Following next) {
    if (p.pure) return behind_pure(pure(p), next);
    switch (p.kind) {
      case Kind::set:
        break;
      case Kind::sequence:
        for (size_t i = p.parts.size(); i > 0; --i) next = at(p.parts[i - 1], std::move(next));
        return next;
      case Kind::choice: {
        Following all(next.size(), Expressions::nothing);
        for (const Pattern& way : p.parts) join(all, at(way, next));
        return all;
      }
      case Kind::repeat:
        return copies(p, next);
      case Kind::begin:
        std::fill(next.begin() + 1, next.end(), Expressions::nothing);
        return next;
      case Kind::end:
        for (Expression& n : next) n = both(n, Expressions::empty);
        return next;
      case Kind::edge:
        return at_edge(p.inverted, std::move(next));
      case Kind::ahead: {
        const Following seen = at(p.parts[0], Following(next.size(), a_.any_text()));
        for (size_t i = 0; i < next.size(); ++i) next[i] = both(next[i], p.inverted ? e_.except(seen[i]) : seen[i]);
        return next;
      }
      case Kind::behind:
        for (size_t i = 0; i < next.size(); ++i)
          if (has(i, p.set) == p.inverted) next[i] = Expressions::nothing;
        return next;
    }
    return next;
  }

  Following copies(const Pattern& p, const Following& next) {
    const uint32_t most = p.most == Pattern::no_limit ? p.least : p.most;
    if (p.most == Pattern::no_limit || most > most_copies)
      throw Error(Code::unsupported,
                  "regular expression: what looks beyond its own match cannot be repeated without a limit, or more than " +
                      std::to_string(most_copies) + " times; look before or behind the repetition");
    Following all = next;
    for (uint32_t i = p.least; i < most; ++i) {
      Following more = at(p.parts[0], all);
      join(more, next);
      all = std::move(more);
    }
    for (uint32_t i = 0; i < p.least; ++i) all = at(p.parts[0], std::move(all));
    return all;
  }

  Following at_edge(bool inverted, Following next) {
    const CharSet word = word_characters();
    const Expression goes_on = e_.sequence(a_.one_of(word), a_.any_text());
    const Expression stops = either(Expressions::empty, e_.sequence(a_.one_of(word.inverted()), a_.any_text()));
    for (size_t i = 0; i < next.size(); ++i) next[i] = both(next[i], has(i, word) == inverted ? goes_on : stops);
    return next;
  }

  // What stands before, if anything, is of the set, all of it or none.
  bool has(size_t before, const CharSet& set) const { return before > 0 && !before_[before - 1].meeting(set).empty(); }

  Expression both(Expression a, Expression b) { return e_.both(std::array{a, b}); }
  Expression either(Expression a, Expression b) { return e_.either(std::array{a, b}); }
  void join(Following& to, const Following& more) {
    for (size_t i = 0; i < to.size(); ++i) to[i] = either(to[i], more[i]);
  }

  const Alphabet& a_;
  Expressions& e_;
  std::vector<CharSet> before_;
  std::vector<Expression> ends_with_;
};

}  // namespace

Alphabet::Alphabet(Expressions& expressions, Write write, CharSet as_they_are)
    : expressions_(expressions),
      write_(std::move(write)),
      as_they_are_(std::move(as_they_are)),
      any_(expressions.repeat(write_(CharSet::all()), 0, Expressions::no_limit)) {}

// Beyond ASCII nothing is escaped.
bool Alphabet::as_it_is(std::string_view characters) const {
  return std::all_of(characters.begin(), characters.end(),
                     [&](char c) { return (c & 0x80) != 0 || as_they_are_.has(static_cast<char32_t>(c)); });
}

Expression Alphabet::text(std::string_view characters) const {
  std::vector<Expression> parts;
  while (!characters.empty()) {
    const auto plain = static_cast<size_t>(
        std::find_if(characters.begin(), characters.end(), [&](const char& c) { return !as_it_is({&c, 1}); }) - characters.begin());
    parts.push_back(expressions_.text(characters.substr(0, plain)));
    characters.remove_prefix(plain);
    if (characters.empty()) break;
    parts.push_back(one_of(CharSet::one(static_cast<char32_t>(characters[0]))));
    characters.remove_prefix(1);
  }
  return expressions_.sequence(parts);
}

Alphabet plain_alphabet(Expressions& expressions) {
  return {expressions, [&expressions](const CharSet& set) { return grammar::one_of(expressions, set); }, CharSet::all()};
}

Expression texts_of(const Pattern& pattern, const Alphabet& alphabet, bool search) {
  Compiler compiler(pattern, alphabet);
  return search ? compiler.part(pattern) : compiler.whole(pattern);
}

}  // namespace lt::grammar
