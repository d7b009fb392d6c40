// Which tokens may come next in a text that is bound to a grammar.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/grammar.h"
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
  size_t words() const { return (static_cast<size_t>(vocabulary_->size()) + 63) / 64; }
  // Behind a token; Automaton::dead where it is not allowed. An end leads nowhere.
  State next(State state, int32_t token);
  State next(State state, std::string_view bytes);
  bool whole(State state);
  bool ended(State state);  // whole, and nothing can follow
  // The bytes that must come, whatever the model says, at most `most`.
  std::string forced(State state, size_t most);
  const Vocabulary& vocabulary() const { return *vocabulary_; }

 private:
  static constexpr size_t most_kept = 512;  // masks

  std::shared_ptr<Grammar> grammar_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  State start_;
  std::unordered_map<State, std::vector<uint64_t>> kept_;
};

}  // namespace lt::grammar
