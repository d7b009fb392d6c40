#include "grammar/plain_reach.h"

#include <algorithm>
#include <array>

#include "grammar/token_bytes.h"

namespace lt::grammar {
namespace {

constexpr size_t most_ways = 4;

struct PlainBytes {
  uint8_t first, last;
};
// The plain characters by their UTF-8 bytes (Unicode 15.0, table 3-7).
constexpr PlainBytes tail_byte{0x80, 0xbf};
constexpr std::array<std::array<PlainBytes, 4>, 11> plain_characters{{
    {{{' ', '!'}}},
    {{{'#', '['}}},
    {{{']', 0x7f}}},
    {{{0xc2, 0xdf}, tail_byte}},
    {{{0xe0, 0xe0}, {0xa0, 0xbf}, tail_byte}},
    {{{0xe1, 0xec}, tail_byte, tail_byte}},
    {{{0xed, 0xed}, {0x80, 0x9f}, tail_byte}},
    {{{0xee, 0xef}, tail_byte, tail_byte}},
    {{{0xf0, 0xf0}, {0x90, 0xbf}, tail_byte, tail_byte}},
    {{{0xf1, 0xf3}, tail_byte, tail_byte, tail_byte}},
    {{{0xf4, 0xf4}, {0x80, 0x8f}, tail_byte, tail_byte}},
}};

void add_way(std::vector<Automaton::State>& to, Automaton::State state) {
  if (std::find(to.begin(), to.end(), state) == to.end()) to.push_back(state);
}

}  // namespace

const PlainReach::Ways& PlainReach::ways(Automaton& automaton, State state) {
  if (const auto known = known_.find(state); known != known_.end()) return known->second;
  Ways found;
  for (const auto& character : plain_characters) {
    std::vector<State> at{state}, next;
    for (size_t i = 0; i < character.size() && character[i].first != 0; ++i, at.swap(next)) {
      next.clear();
      for (const State s : at)
        for (int b = character[i].first; b <= character[i].last && next.size() <= most_ways; ++b)
          add_way(next, automaton.next(s, static_cast<uint8_t>(b)));
      found.many = found.many || next.size() > most_ways;
      if (std::erase(next, Automaton::dead) != 0) found.some_dead = true;
    }
    for (const State s : at) add_way(found.to, s);
    found.many = found.many || found.to.size() > most_ways;
    if (found.many || (found.some_dead && !found.to.empty())) break;
  }
  return known_.emplace(state, std::move(found)).first->second;
}

PlainReach::Length PlainReach::of(Automaton& automaton, State state) {
  constexpr size_t most_states = 8;
  std::vector<State> at{state};
  Length length{0, false, automaton.accepts(state)};
  while (length.all < TokenBytes::most_plain) {
    std::vector<State> to;
    bool some_dead = false;
    for (const State s : at) {
      const Ways& w = ways(automaton, s);
      some_dead = some_dead || w.some_dead;
      for (const State t : w.to) add_way(to, t);
      if (w.many || to.size() > most_states || (some_dead && !to.empty())) return length;
    }
    if (some_dead) {
      length.no_longer = true;
      return length;
    }
    std::sort(to.begin(), to.end());
    length.accepts = length.accepts || std::any_of(to.begin(), to.end(), [&](State s) { return automaton.accepts(s); });
    length.all = to == at ? TokenBytes::most_plain : length.all + 1;
    at = std::move(to);
  }
  return length;
}

bool PlainReach::free(Automaton& automaton, State state) {
  if (automaton.next(state, 'a') != state || automaton.next(state, ' ') != state) return false;
  const Ways& w = ways(automaton, state);
  return !w.some_dead && !w.many && w.to.size() == 1 && w.to[0] == state;
}

size_t PlainReach::bytes() const { return known_.size() * (sizeof(Ways) + 5 * sizeof(void*)); }

}  // namespace lt::grammar
