// The texts of an expression, byte by byte: states are made when they are first met.
#pragma once
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "grammar/expressions.h"
#include "grammar/flat_map.h"

namespace lt::grammar {

class Automaton {
 public:
  using State = uint32_t;
  static constexpr State dead = 0;  // no text of the expression begins so

  // Throws what Expressions throw, now and when states are made; those that there were stay.
  Automaton(Expressions& expressions, Expression whole);

  State start() const { return start_; }
  bool accepts(State state) const { return rows_[state].accepts; }
  State next(State state, uint8_t byte) {
    const Row& row = rows_[state];
    const State to = next_[row.first + row.classes[byte]];
    return to != unknown ? to : find(state, byte);
  }
  // A state that accepts and has no way on.
  bool ends(State state);
  // What goes on as either does.
  State either(State a, State b);
  // Of what comes first and of what follows, as Expressions::cut; `dead` for `nothing`.
  std::pair<State, State> cut(State state, uint32_t near);

  size_t states() const { return rows_.size(); }
  size_t bytes() const;  // of memory

 private:
  static constexpr State unknown = UINT32_MAX;

  // A way on for each class of bytes that the state tells apart; a state that nobody has left yet has one for all of them, unknown.
  struct Row {
    const uint8_t* classes;
    uint32_t first;
    bool accepts;
  };

  State state_of(Expression e);
  State find(State state, uint8_t byte);

  Expressions& expressions_;
  std::vector<Expression> of_;
  std::vector<Row> rows_;
  std::vector<State> next_;
  FlatMap known_;
  State start_;
};

}  // namespace lt::grammar
