// The texts that a regular expression of ECMA-262 matches, as an expression over bytes.
#pragma once
#include <functional>
#include <string_view>

#include "grammar/expressions.h"
#include "grammar/pattern_tree.h"

namespace lt::grammar {

// How characters are written: as they are, or as they are escaped in a string.
class Alphabet {
 public:
  using Write = std::function<Expression(const tokenize::CharSet&)>;
  // as_they_are: those that are written so, and in no other way.
  Alphabet(Expressions& expressions, Write write, tokenize::CharSet as_they_are);

  Expressions& expressions() const { return expressions_; }
  Expression one_of(const tokenize::CharSet& set) const { return write_(set); }
  Expression any_text() const { return any_; }  // of any characters
  bool as_it_is(std::string_view characters) const;
  Expression text(std::string_view characters) const;  // of these alone, which are UTF-8

 private:
  Expressions& expressions_;
  Write write_;
  tokenize::CharSet as_they_are_;
  Expression any_;
};

Alphabet plain_alphabet(Expressions& expressions);

// The texts that match as a whole; `search`: in which some part matches. Throws Code::unsupported for what no automaton of this kind can
// hold: what looks beyond its own match inside an unlimited repetition.
Expression texts_of(const Pattern& pattern, const Alphabet& alphabet, bool search);

}  // namespace lt::grammar
