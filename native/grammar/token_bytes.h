// A vocabulary's tokens by their bytes, as a tree laid out in the order in which it is walked.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lt::grammar {

class TokenBytes {
 public:
  // The bytes of each token by id; those of none, and those that `has` leaves out, are in no walk.
  explicit TokenBytes(std::span<const std::string_view> tokens);

  size_t size() const { return size_; }
  // Marks in `mask` (a bit a token, size() of them) the tokens all of whose bytes next(state, byte) follows from `start` without coming to
  // State{}.
  template <class State, class Next>
  void mark(State start, const Next& next, std::span<uint64_t> mask) const {
    std::vector<State> states(depth_ + 1);
    states[0] = start;
    for (size_t i = 0; i < nodes_.size();) {
      const Node& n = nodes_[i];
      const State to = next(states[n.depth - 1], n.byte);
      if (to == State{}) {
        i = n.end;
        continue;
      }
      states[n.depth] = to;
      for (uint32_t t = n.first; t < n.last; ++t) mask[ids_[t] >> 6] |= uint64_t{1} << (ids_[t] & 63);
      ++i;
    }
  }

 private:
  struct Node {
    uint32_t end;          // of those below it
    uint32_t first, last;  // of ids_, which are spelt so
    uint16_t depth;
    uint8_t byte;
  };

  size_t size_, depth_ = 0;
  std::vector<Node> nodes_;
  std::vector<uint32_t> ids_;
};

}  // namespace lt::grammar
