// Which tokens may come next in a text that is bound to a grammar.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/plain_reach.h"
#include "grammar/vocabulary.h"

namespace lt::grammar {

// A grammar over a vocabulary, shared by requests. Where a text has come to is a number: keeping an old one is going back to it.
// Thread-safe. All may throw what Expressions throw (Code::unsupported: a grammar that grows too large), and Code::memory.
class Masks {
 public:
  using State = Automaton::State;

  Masks(std::shared_ptr<Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary);

  State start() const { return start_; }
  // A bit a token, words() words: those that some text goes on with, and the tokens that end a text exactly where it is whole.
  void allow(State state, std::span<uint64_t> allowed);
  // Finds out what allow() will say, looking at no more than so many parts of the grammar; false: that is not enough. What it has found is
  // not lost.
  bool prepare(State state, size_t parts);
  size_t words() const { return (static_cast<size_t>(vocabulary_->size()) + 63) / 64; }
  // Behind a token; Automaton::dead where it is not allowed. An end leads nowhere.
  State next(State state, int32_t token);
  State next(State state, std::string_view bytes);
  bool whole(State state);
  bool ended(State state);  // whole, and nothing can follow
  // The bytes that must come, whatever the model says, at most `most`.
  std::string forced(State state, size_t most);
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  // Of memory: masks that are kept, the grammar and its states. Masks take most_kept at most.
  size_t bytes();

  static constexpr size_t most_kept = size_t{64} << 20;  // bytes of masks

 private:
  // Tokens that lead from a state, and where the text may end inside a token: below those places its other bytes may be what follows.
  struct Mask {
    std::vector<uint64_t> tokens;
    std::vector<TokenTree::Place> plain_ends, other_ends;
    size_t looked = 0;  // at how many nodes, to find it
  };
  // By state, and whether it is what a text begins with, whose ends are needed, or all of it.
  using Key = uint64_t;
  struct Kept {
    Key key;
    std::shared_ptr<const Mask> mask;
  };

  std::shared_ptr<const Mask> mask_of(Automaton& automaton, State state, bool with_ends);
  Mask made(Automaton& automaton, State state);
  Mask made_of_first(Automaton& automaton, State state);
  template <class Reached>
  void mark_short(Automaton& automaton, State state, Mask& mask, const Reached& reached, bool ends_count);
  void mark_long(Automaton& automaton, State state, Mask& mask) const;
  void add_numbered(Automaton& automaton, State state, Mask& to) const;
  void keep(Key key, std::shared_ptr<const Mask> mask);
  State next(Automaton& automaton, State state, std::string_view bytes) const;
  State numbered(Automaton& automaton, State state, uint8_t mark, int32_t token) const;

  std::shared_ptr<Grammar> grammar_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  State start_;
  PlainReach reach_;
  std::list<Kept> kept_;  // those used last come first
  std::unordered_map<Key, std::list<Kept>::iterator> found_;
  size_t bytes_ = 0;  // of those kept
};

}  // namespace lt::grammar
