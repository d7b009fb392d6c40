// Which tokens may come next in a text that is bound to a grammar, from its beginning or behind the model's reasoning.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/mask_maker.h"
#include "grammar/masks.h"
#include "tokenize/tokenizer.h"

namespace lt::engine {

class BoundText {
 public:
  // Where a text has come to: what is taken back goes back to an old one.
  struct Place {
    enum class Part : uint8_t { opening, reasoning, gap, bound };

    Part part = Part::bound;
    grammar::Masks::State state = 0;  // bound, or what may be: where the opening mark goes another way, dead
    uint32_t tokens = 0;              // of the opening mark, or of the gap
    std::string tail;                 // reasoning: its last bytes, in which the closing mark may begin
  };

  // Throws Code::argument where the prefix begins no text of the grammar.
  BoundText(std::shared_ptr<grammar::Masks> masks, const Bound& wishes, const tokenize::Tokenizer& tokenizer);

  const Place& place() const { return place_; }
  void back_to(Place place) { place_ = std::move(place); }
  // A bit a token, until the next call. These three may throw: a grammar can grow too large.
  std::span<const uint64_t> allowed();
  void take(int32_t id);  // one of them that is no end
  // What must come, cut as the tokenizer cuts it. `chosen`: all tokens so far; where others were chosen than those it gave before, it
  // gives fewer, or none for a while.
  std::vector<int32_t> forced(std::span<const int32_t> chosen);
  bool whole() const;  // it may end
  bool ended() const;  // and must
  // Finds out what allowed() will say: at once, or, where that takes long, `maker` does, and says when. Null: it is known.
  MaskMaker::Ready prepare(MaskMaker& maker);

 private:
  static constexpr uint32_t most_gap = 2;  // tokens of space between reasoning and the text

  void learn(std::span<const int32_t> chosen);
  std::vector<int32_t> cut_of_forced();
  const std::vector<int32_t>& canonical_here();
  bool follows(std::string_view rest) const;
  void allow_reasoning();
  void allow(int32_t id) { allowed_[static_cast<size_t>(id) >> 6] |= uint64_t{1} << (id & 63); }
  void refuse(int32_t id) { allowed_[static_cast<size_t>(id) >> 6] &= ~(uint64_t{1} << (id & 63)); }

  const std::shared_ptr<grammar::Masks> masks_;
  const tokenize::Tokenizer& tokenizer_;
  const std::string close_;
  const bool canonical_;
  grammar::Masks::State start_ = 0;  // behind the prefix
  std::vector<int32_t> open_;        // tokens of the opening mark
  std::vector<int32_t> spaces_;      // tokens of space alone
  Place place_;
  std::vector<uint64_t> allowed_;
  std::vector<int32_t> forced_;  // that were given last
  size_t forced_at_ = 0;         // behind so many tokens
  size_t most_forced_ = 8;       // tokens to give
  std::vector<int32_t> only_;    // canonical: what must come at `only_at_`
  grammar::Masks::State only_at_ = grammar::Automaton::dead;
  uint32_t pause_ = 0, left_ = 0;  // steps in which none are given, where others were chosen; of them still to come
};

}  // namespace lt::engine
