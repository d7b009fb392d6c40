// How far texts of plain characters (TokenBytes::plain) lead, from a state.
#pragma once
#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"

namespace lt::grammar {

class PlainReach {
 public:
  using State = Automaton::State;
  struct Length {
    int all;               // every one of up to so many characters goes on
    bool no_longer;        // and none of more
    bool accepts = false;  // after one of them, or at once, the text may be whole
  };

  // At most TokenBytes::most_plain; less where it would take long to find out.
  Length of(Automaton& automaton, State state);
  // Every plain character leads back to the state.
  bool free(Automaton& automaton, State state);
  size_t bytes() const;  // of memory

 private:
  // Where one plain character leads: all the states, unless they are too many.
  struct Ways {
    std::vector<State> to;
    bool some_dead = false, many = false;
  };
  const Ways& ways(Automaton& automaton, State state);

  std::unordered_map<State, Ways> known_;
};

}  // namespace lt::grammar
