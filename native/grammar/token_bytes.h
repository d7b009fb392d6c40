// A vocabulary's tokens by their bytes, in the order in which masks are found from them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lt::grammar {

// Some tokens as a tree, its nodes in the order in which it is walked: a node stands for its bytes from the root on.
class TokenTree {
 public:
  // ids: of tokens that are not empty, with at most UINT16_MAX bytes; lengths: what they count as, at most 255, or none.
  TokenTree(std::vector<uint32_t> ids, std::span<const std::string_view> tokens, std::span<const uint8_t> lengths);

  // Where in the tree: what is below a node that `depth` bytes lead to.
  struct Place {
    uint32_t first, last;
    uint32_t depth;
  };
  Place root() const { return {0, static_cast<uint32_t>(nodes_.size() - 1), 0}; }

  // Goes down from `place`, at which `state` is, along next(state, byte) until that is State{}. At each node that is met, reached(state,
  // what is below it). skip: what has no token longer than that is not met. Marks in `mask` the tokens of the nodes met, and returns how
  // many nodes were looked at.
  template <class State, class Next, class Reached>
  size_t mark(const Place& place, State state, const Next& next, const Reached& reached, std::span<uint64_t> mask, int skip = -1) const {
    std::vector<State> states(longest_ + 1);
    states[place.depth] = state;
    size_t looked = 0;
    for (uint32_t i = place.first; i < place.last; ++looked) {
      const Node& n = nodes_[i];
      if (static_cast<int>(n.longest) <= skip) {
        i = n.end;
        continue;
      }
      const State to = next(states[n.depth - 1u], n.byte);
      if (to == State{}) {
        i = n.end;
        continue;
      }
      states[n.depth] = to;
      ++i;
      set(std::span(ids_).subspan(n.first, nodes_[i].first - n.first), mask);
      if (i < n.end) reached(to, Place{i, n.end, n.depth});
    }
    return looked;
  }
  // The same from the root, told of states from which all below goes on, whatever it is: free(state). Where that is most of the tree, only
  // what does not go on is looked at. Nothing is reached below such a state.
  template <class State, class Next, class Free, class Reached>
  size_t mark_free(State state, const Next& next, const Free& free, const Reached& reached, std::span<uint64_t> mask, int skip) const {
    std::vector<State> states(longest_ + 1);
    states[0] = state;
    size_t looked = 0, taken = 0;
    for (uint32_t i = 0; i < root().last; i = nodes_[i].end, ++looked)
      if (const State to = next(state, nodes_[i].byte); to != State{} && free(to)) taken += tokens_of(i).size();
    const bool most = 2 * taken > ids_.size();
    if (most) set(ids_, mask);
    for (uint32_t i = 0; i < root().last; ++looked) {
      const Node& n = nodes_[i];
      const State to = static_cast<int>(n.longest) <= skip ? State{} : next(states[n.depth - 1u], n.byte);
      if (to == State{}) {
        if (most && static_cast<int>(n.longest) > skip) clear(tokens_of(i), mask);
        i = n.end;
        continue;
      }
      if (free(to)) {
        if (!most) set(tokens_of(i), mask);
        i = n.end;
        continue;
      }
      states[n.depth] = to;
      ++i;
      if (!most) set(std::span(ids_).subspan(n.first, nodes_[i].first - n.first), mask);
      if (i < n.end) reached(to, Place{i, n.end, n.depth});
    }
    return looked;
  }
  size_t nodes() const { return nodes_.size() - 1; }
  size_t longest() const { return longest_; }  // of its tokens, in bytes

 private:
  struct Node {
    uint32_t end;    // of those below it
    uint32_t first;  // of ids_: those before the next node's are spelt so
    uint16_t depth;
    uint8_t byte;
    uint8_t longest;  // of its tokens and those below
  };

  std::span<const uint32_t> tokens_of(uint32_t node) const {  // and of those below
    return std::span(ids_).subspan(nodes_[node].first, nodes_[nodes_[node].end].first - nodes_[node].first);
  }
  static void set(std::span<const uint32_t> ids, std::span<uint64_t> mask) {
    for (const uint32_t id : ids) mask[id >> 6] |= uint64_t{1} << (id & 63);
  }
  static void clear(std::span<const uint32_t> ids, std::span<uint64_t> mask) {
    for (const uint32_t id : ids) mask[id >> 6] &= ~(uint64_t{1} << (id & 63));
  }

  std::vector<uint32_t> ids_;
  std::vector<Node> nodes_;  // and one behind them
  size_t longest_ = 0;       // in bytes
};

class TokenBytes {
 public:
  // The bytes of each token by id; those of none are in no walk, nor those with bytes that are in no UTF-8 and stand for tokens' numbers.
  explicit TokenBytes(std::span<const std::string_view> tokens);

  // Tokens of up to so many whole characters, all of which a JSON string takes as they are: texts in natural languages are mostly made of
  // them, and where strings are free they are allowed together.
  static constexpr int most_plain = 24;

  static constexpr uint32_t most_short = 32;  // bytes

  const TokenTree& plain() const { return plain_; }  // short ones, their lengths in characters
  const TokenTree& others() const { return others_; }
  const TokenTree& long_ones() const { return long_ones_; }  // plain or not
  // The short plain ones of up to `length` characters, a bit a token.
  std::span<const uint64_t> plain_up_to(int length) const { return up_to_[static_cast<size_t>(length)]; }

 private:
  struct Parted {
    std::vector<uint32_t> plain, others, long_ones;
    std::vector<uint8_t> lengths;
  };
  TokenBytes(std::span<const std::string_view> tokens, Parted parted);
  static Parted part(std::span<const std::string_view> tokens);

  TokenTree plain_, others_, long_ones_;
  std::vector<std::vector<uint64_t>> up_to_;
};

}  // namespace lt::grammar
