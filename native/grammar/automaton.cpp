#include "grammar/automaton.h"

namespace lt::grammar {

Automaton::Automaton(Expressions& expressions, Expression whole) : expressions_(expressions) {
  of_.push_back(Expressions::nothing);
  accepts_.push_back(false);
  next_.emplace_back().fill(dead);
  known_.emplace(Expressions::nothing, dead);
  start_ = state_of(whole);
}

Automaton::State Automaton::state_of(Expression e) {
  if (const auto known = known_.find(e); known != known_.end()) return known->second;
  const auto state = static_cast<State>(next_.size());
  of_.push_back(e);
  accepts_.push_back(expressions_.takes_empty(e));
  next_.emplace_back().fill(unknown);
  known_.emplace(e, state);
  return state;
}

Automaton::State Automaton::find(State state, uint8_t byte) {
  const State to = state_of(expressions_.derivative(of_[state], byte));
  const auto& classes = expressions_.classes(of_[state]);
  for (size_t b = 0; b < 256; ++b)
    if (classes[b] == classes[byte]) next_[state][b] = to;
  return to;
}

bool Automaton::ends(State state) {
  if (!accepts_[state]) return false;
  for (int b = 0; b < 256; ++b)
    if (next(state, static_cast<uint8_t>(b)) != dead) return false;
  return true;
}

}  // namespace lt::grammar
