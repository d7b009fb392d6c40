#include "grammar/automaton.h"

#include <utility>

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
  State state = dead;
  if (has_text(e)) {
    state = static_cast<State>(next_.size());
    of_.push_back(e);
    accepts_.push_back(expressions_.takes_empty(e));
    next_.emplace_back().fill(unknown);
  }
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

// Looks for a derivative that takes the empty text. Where all are known and none does, none of them has a text.
bool Automaton::has_text(Expression e) {
  struct Met {
    Expression e;
    size_t from;
  };
  std::vector<Met> met{{e, 0}};
  std::unordered_map<Expression, bool> seen{{e, true}};
  for (size_t i = 0; i < met.size(); ++i) {
    const Expression at = met[i].e;
    const auto known = has_text_.find(at);
    if (known != has_text_.end() && !known->second) continue;
    if (known != has_text_.end() || expressions_.takes_empty(at) || (expressions_.plain(at) && at != Expressions::nothing)) {
      for (size_t k = i;; k = met[k].from) {
        has_text_[met[k].e] = true;
        if (k == 0) return true;
      }
    }
    std::array<bool, 256> done{};
    const std::array<uint8_t, 256> classes = expressions_.classes(at);
    for (size_t b = 0; b < 256; ++b) {
      if (std::exchange(done[classes[b]], true)) continue;
      const Expression to = expressions_.derivative(at, static_cast<uint8_t>(b));
      if (to != Expressions::nothing && seen.try_emplace(to, true).second) met.push_back({to, i});
    }
  }
  for (const Met& m : met) has_text_[m.e] = false;
  return false;
}

}  // namespace lt::grammar
