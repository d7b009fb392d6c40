// The texts of an expression, byte by byte: states are made when they are first met.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "grammar/expressions.h"

namespace lt::grammar {

class Automaton {
 public:
  using State = uint32_t;
  static constexpr State dead = 0;  // no text of the expression begins so

  // Throws what Expressions throw, now and when states are made; those that there were stay.
  Automaton(Expressions& expressions, Expression whole);

  State start() const { return start_; }
  bool accepts(State state) const { return accepts_[state]; }
  State next(State state, uint8_t byte) {
    const State to = next_[state][byte];
    return to != unknown ? to : find(state, byte);
  }
  // A state that accepts and has no way on.
  bool ends(State state);
  size_t states() const { return next_.size(); }

 private:
  static constexpr State unknown = UINT32_MAX;

  State state_of(Expression e);
  State find(State state, uint8_t byte);

  Expressions& expressions_;
  std::vector<Expression> of_;
  std::vector<bool> accepts_;
  std::vector<std::array<State, 256>> next_;
  std::unordered_map<Expression, State> known_;
  State start_;
};

}  // namespace lt::grammar
