#include "grammar/masks.h"

#include <algorithm>
#include <utility>

namespace lt::grammar {

Masks::Masks(std::shared_ptr<Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary)
    : grammar_(std::move(grammar)), vocabulary_(std::move(vocabulary)), start_(Grammar::Turn(*grammar_)->start()) {}

void Masks::allow(State state, std::span<uint64_t> allowed) {
  const Grammar::Turn automaton(*grammar_);
  if (const auto known = kept_.find(state); known != kept_.end()) {
    std::copy(known->second.begin(), known->second.end(), allowed.begin());
    return;
  }
  std::fill(allowed.begin(), allowed.end(), 0);
  vocabulary_->tree().mark(state, [&](State from, uint8_t byte) { return automaton->next(from, byte); }, allowed);
  if (automaton->accepts(state))
    for (const int32_t end : vocabulary_->ends()) allowed[static_cast<size_t>(end) >> 6] |= uint64_t{1} << (end & 63);
  if (kept_.size() >= most_kept) kept_.erase(kept_.begin());
  kept_.emplace(state, std::vector(allowed.begin(), allowed.end()));
}

Masks::State Masks::next(State state, int32_t token) {
  const std::string_view bytes = vocabulary_->bytes(token);
  return bytes.empty() ? Automaton::dead : next(state, bytes);
}

Masks::State Masks::next(State state, std::string_view bytes) {
  const Grammar::Turn automaton(*grammar_);
  for (const char byte : bytes) state = automaton->next(state, static_cast<uint8_t>(byte));
  return state;
}

bool Masks::whole(State state) { return Grammar::Turn(*grammar_)->accepts(state); }

bool Masks::ended(State state) { return Grammar::Turn(*grammar_)->ends(state); }

std::string Masks::forced(State state, size_t most) {
  const Grammar::Turn automaton(*grammar_);
  std::string bytes;
  while (bytes.size() < most && !automaton->accepts(state)) {
    int only = -1;
    for (int b = 0; b < 256 && only >= -1; ++b)
      if (automaton->next(state, static_cast<uint8_t>(b)) != Automaton::dead) only = only == -1 ? b : -2;
    if (only < 0) break;
    bytes += static_cast<char>(only);
    state = automaton->next(state, static_cast<uint8_t>(only));
  }
  return bytes;
}

}  // namespace lt::grammar
