#include "grammar/automaton.h"

#include <string>

#include "core/error.h"

namespace lt::grammar {
namespace {

constexpr std::array<uint8_t, 256> all_alike{};

}  // namespace

Automaton::Automaton(Expressions& expressions, Expression whole) : expressions_(expressions), next_{unknown, dead} {
  of_.push_back(Expressions::nothing);
  rows_.push_back({all_alike.data(), 1, false});
  known_.set(Expressions::nothing, dead);
  start_ = state_of(whole);
}

Automaton::State Automaton::state_of(Expression e) {
  if (const auto known = known_.find(e)) return *known;
  const auto state = static_cast<State>(rows_.size());
  of_.resize(state);  // what was lacking memory for may have been left
  of_.push_back(e);
  rows_.push_back({all_alike.data(), 0, expressions_.takes_empty(e)});
  known_.set(e, state);
  return state;
}

Automaton::State Automaton::find(State state, uint8_t byte) {
  if (rows_[state].first == 0) {
    const Expressions::Classes& classes = expressions_.classes(of_[state]);
    if (next_.size() + classes.count >= unknown) throw Error(Code::unsupported, "grammar: too many ways from state to state; simplify it");
    rows_[state].first = static_cast<uint32_t>(next_.size());
    rows_[state].classes = classes.of.data();
    next_.resize(next_.size() + classes.count, unknown);
  }
  const State to = state_of(expressions_.derivative(of_[state], byte));
  return next_[rows_[state].first + rows_[state].classes[byte]] = to;
}

bool Automaton::ends(State state) {
  if (!accepts(state)) return false;
  for (int b = 0; b < 256; ++b)
    if (next(state, static_cast<uint8_t>(b)) != dead) return false;
  return true;
}

Automaton::State Automaton::either(State a, State b) { return state_of(expressions_.either(std::array{of_[a], of_[b]})); }

std::pair<Automaton::State, Automaton::State> Automaton::cut(State state, uint32_t near) {
  const auto [first, then] = expressions_.cut(of_[state], near);
  const State head = state_of(first);
  return {head, state_of(then)};
}

size_t Automaton::bytes() const {
  return of_.capacity() * sizeof(Expression) + rows_.capacity() * sizeof(Row) + next_.capacity() * sizeof(State) + known_.bytes();
}

}  // namespace lt::grammar
