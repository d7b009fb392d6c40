// Texts walked through grammars.
#pragma once
#include <string_view>

#include "grammar/grammar.h"

namespace lt::check {

inline bool takes(grammar::Grammar& grammar, std::string_view text) {
  const grammar::Grammar::Turn automaton(grammar);
  grammar::Automaton::State state = automaton->start();
  for (const char byte : text) state = automaton->next(state, static_cast<uint8_t>(byte));
  return automaton->accepts(state);
}

}  // namespace lt::check
