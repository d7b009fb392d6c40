// The texts that a regular expression of ECMA-262 matches, as an expression over bytes.
#pragma once
#include <functional>

#include "grammar/expressions.h"
#include "grammar/pattern_tree.h"

namespace lt::grammar {

// How characters are written: as they are, or as JSON writes them in a string.
class Alphabet {
 public:
  using Write = std::function<Expression(const tokenize::CharSet&)>;
  Alphabet(Expressions& expressions, Write write);

  Expressions& expressions() const { return expressions_; }
  Expression one_of(const tokenize::CharSet& set) const { return write_(set); }
  Expression any_text() const { return any_; }  // of any characters

 private:
  Expressions& expressions_;
  Write write_;
  Expression any_;
};

Alphabet plain_alphabet(Expressions& expressions);

// The texts that match as a whole; `search`: in which some part matches. Throws Code::unsupported for what no automaton of this kind can
// hold: what looks beyond its own match inside an unlimited repetition.
Expression texts_of(const Pattern& pattern, const Alphabet& alphabet, bool search);

}  // namespace lt::grammar
