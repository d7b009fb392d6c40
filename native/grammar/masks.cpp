#include "grammar/masks.h"

#include <algorithm>
#include <utility>

#include "grammar/token_numbers.h"

namespace lt::grammar {
namespace {

void allow_token(std::span<uint64_t> mask, int32_t token) { mask[static_cast<size_t>(token) >> 6] |= uint64_t{1} << (token & 63); }

void add_tokens(std::span<uint64_t> to, std::span<const uint64_t> from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] |= from[i];
}

struct NoEnds {
  void operator()(Automaton::State, const TokenTree::Place&) const {}
};

}  // namespace

Masks::Masks(std::shared_ptr<Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary)
    : grammar_(std::move(grammar)), vocabulary_(std::move(vocabulary)), start_(Grammar::Turn(*grammar_)->start()) {}

void Masks::allow(State state, std::span<uint64_t> allowed) {
  const Grammar::Turn turn(*grammar_);
  Automaton& automaton = *turn;
  const auto whole = mask_of(automaton, state, false);
  std::copy(whole->tokens.begin(), whole->tokens.end(), allowed.begin());
  if (automaton.accepts(state))
    for (const int32_t end : vocabulary_->ends()) allow_token(allowed, end);
}

bool Masks::prepare(State state, size_t parts) {
  const Grammar::Turn turn(*grammar_, parts);
  try {
    mask_of(*turn, state, false);
    return true;
  } catch (const Error&) {
    if (turn.spent()) return false;
    throw;
  }
}

std::shared_ptr<const Masks::Mask> Masks::mask_of(Automaton& automaton, State state, bool with_ends) {
  constexpr size_t cheap = 512;  // nodes: faster walked again than kept
  const Key key = Key{state} << 1 | Key{with_ends};
  if (const auto known = found_.find(key); known != found_.end()) {
    kept_.splice(kept_.begin(), kept_, known->second);
    return known->second->mask;
  }
  auto mask = std::make_shared<const Mask>(with_ends ? made_of_first(automaton, state) : made(automaton, state));
  if (mask->looked > cheap) keep(key, mask);
  return mask;
}

Masks::Mask Masks::made(Automaton& automaton, State state) {
  Mask mask;
  const auto next = [&](State from, uint8_t byte) { return automaton.next(from, byte); };
  const auto [head, tail] = automaton.cut(state, TokenBytes::most_short);
  const TokenBytes& tree = vocabulary_->tree();
  if (head == state && tail == Automaton::dead) {
    mask.tokens.resize(words());
    mark_short(automaton, state, mask, [](std::vector<TokenTree::Place>&) { return NoEnds(); }, false);
  } else {
    const auto first = mask_of(automaton, head, true);
    mask.tokens = first->tokens;
    for (const auto& place : first->plain_ends) mask.looked += tree.plain().mark(place, tail, next, NoEnds(), mask.tokens);
    for (const auto& place : first->other_ends) mask.looked += tree.others().mark(place, tail, next, NoEnds(), mask.tokens);
  }
  mark_long(automaton, state, mask);
  add_numbered(automaton, state, mask);
  return mask;
}

// They are few, but lead through many states, most of which another state of the same head has met.
void Masks::mark_long(Automaton& automaton, State state, Mask& mask) const {
  const auto next = [&](State from, uint8_t byte) { return automaton.next(from, byte); };
  const TokenTree& tree = vocabulary_->tree().long_ones();
  const auto [head, tail] = automaton.cut(state, static_cast<uint32_t>(tree.longest()));
  std::vector<TokenTree::Place> ends;
  const auto reached = [&](State at, const TokenTree::Place& place) {
    if (tail != Automaton::dead && automaton.accepts(at)) ends.push_back(place);
  };
  mask.looked += tree.mark(tree.root(), head, next, reached, mask.tokens);
  for (const auto& place : ends) mask.looked += tree.mark(place, tail, next, NoEnds(), mask.tokens);
}

Masks::Mask Masks::made_of_first(Automaton& automaton, State state) {
  Mask mask;
  mask.tokens.resize(words());
  const auto ends_of = [&](std::vector<TokenTree::Place>& ends) {
    return [&](State at, const TokenTree::Place& place) {
      if (automaton.accepts(at)) ends.push_back(place);
    };
  };
  mark_short(automaton, state, mask, ends_of, true);
  return mask;
}

template <class Reached>
void Masks::mark_short(Automaton& automaton, State state, Mask& mask, const Reached& reached, bool ends_count) {
  const auto next = [&](State from, uint8_t byte) { return automaton.next(from, byte); };
  const TokenBytes& tree = vocabulary_->tree();
  const PlainReach::Length reach = reach_.of(automaton, state);
  add_tokens(mask.tokens, tree.plain_up_to(reach.all));
  const bool known = reach.all == TokenBytes::most_plain || (reach.no_longer && !(ends_count && reach.accepts));
  if (!known) {
    State last = Automaton::dead;  // that was found to be so
    const auto free = [&](State at) {
      if (at != last && reach_.free(automaton, at)) last = at;
      return at == last;
    };
    mask.looked += tree.plain().mark_free(state, next, free, reached(mask.plain_ends), mask.tokens, reach.all);
  }
  mask.looked += tree.others().mark(tree.others().root(), state, next, reached(mask.other_ends), mask.tokens);
}

// Tokens that are allowed by their numbers.
void Masks::add_numbered(Automaton& automaton, State state, Mask& to) const {
  for (const uint8_t mark : {named_mark, other_mark}) {
    const State marked = automaton.next(state, mark);
    if (marked == Automaton::dead) continue;
    to.looked += static_cast<size_t>(vocabulary_->size());
    State block = Automaton::dead;  // behind the first three bytes
    for (int32_t id = 0; id < vocabulary_->size(); ++id) {
      const auto bytes = number_bytes(static_cast<uint32_t>(id));
      if (bytes[3] == 0) block = automaton.next(automaton.next(automaton.next(marked, bytes[0]), bytes[1]), bytes[2]);
      if (automaton.next(block, bytes[3]) != Automaton::dead && numbered(automaton, state, mark, id) != Automaton::dead)
        allow_token(to.tokens, id);
    }
  }
}

Masks::State Masks::numbered(Automaton& automaton, State state, uint8_t mark, int32_t token) const {
  if (vocabulary_->is_end(token) || (mark == other_mark && vocabulary_->bytes(token).empty())) return Automaton::dead;
  state = automaton.next(state, mark);
  for (const uint8_t byte : number_bytes(static_cast<uint32_t>(token))) state = automaton.next(state, byte);
  return state;
}

void Masks::keep(Key key, std::shared_ptr<const Mask> mask) {
  const auto bytes_of = [](const Mask& m) {
    return sizeof m + m.tokens.size() * sizeof(uint64_t) + (m.plain_ends.size() + m.other_ends.size()) * sizeof(TokenTree::Place);
  };
  const size_t bytes = bytes_of(*mask);
  while (!kept_.empty() && bytes_ + bytes > most_kept) {
    bytes_ -= bytes_of(*kept_.back().mask);
    found_.erase(kept_.back().key);
    kept_.pop_back();
  }
  kept_.push_front({key, std::move(mask)});
  found_.emplace(key, kept_.begin());
  bytes_ += bytes;
}

Masks::State Masks::next(Automaton& automaton, State state, std::string_view bytes) const {
  if (bytes.find_first_of(number_marks) != std::string_view::npos) return Automaton::dead;
  for (const char byte : bytes) state = automaton.next(state, static_cast<uint8_t>(byte));
  return state;
}

Masks::State Masks::next(State state, int32_t token) {
  if (vocabulary_->is_end(token)) return Automaton::dead;
  const Grammar::Turn turn(*grammar_);
  Automaton& automaton = *turn;
  const std::string_view bytes = vocabulary_->bytes(token);
  State to = bytes.empty() ? Automaton::dead : next(automaton, state, bytes);
  for (const uint8_t mark : {named_mark, other_mark})
    if (const State other = numbered(automaton, state, mark, token); other != Automaton::dead)
      to = to == Automaton::dead ? other : automaton.either(to, other);
  return to;
}

Masks::State Masks::next(State state, std::string_view bytes) { return next(*Grammar::Turn(*grammar_), state, bytes); }

bool Masks::whole(State state) { return Grammar::Turn(*grammar_)->accepts(state); }

bool Masks::ended(State state) { return Grammar::Turn(*grammar_)->ends(state); }

std::string Masks::forced(State state, size_t most) {
  const Grammar::Turn automaton(*grammar_);
  std::string bytes;
  while (bytes.size() < most && !automaton->accepts(state)) {
    int only = -1;
    for (int b = 0; b < 256 && only >= -1; ++b)
      if (automaton->next(state, static_cast<uint8_t>(b)) != Automaton::dead) only = only == -1 ? b : -2;
    if (only < 0 || only >= other_mark) break;
    bytes += static_cast<char>(only);
    state = automaton->next(state, static_cast<uint8_t>(only));
  }
  return bytes;
}

size_t Masks::bytes() {
  const Grammar::Turn turn(*grammar_);
  return turn.bytes() + reach_.bytes() + bytes_;
}

}  // namespace lt::grammar
