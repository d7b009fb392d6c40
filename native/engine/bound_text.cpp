#include "engine/bound_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace lt::engine {
namespace {

constexpr std::string_view space_marks = " \t\r\n";

constexpr size_t most_forced = 64;  // tokens

using Part = BoundText::Place::Part;

bool is_space(std::string_view text) { return text.find_first_not_of(space_marks) == std::string_view::npos; }

// How much of the end of `text` begins `mark`.
size_t begun(std::string_view text, std::string_view mark) {
  size_t n = std::min(text.size(), mark.size() - 1);
  while (!text.ends_with(mark.substr(0, n))) n--;
  return n;
}

}  // namespace

BoundText::BoundText(std::shared_ptr<grammar::Masks> masks, const Bound& wishes, const tokenize::Tokenizer& tokenizer)
    : masks_(std::move(masks)), tokenizer_(tokenizer), close_(wishes.close), canonical_(wishes.canonical), allowed_(masks_->words()) {
  place_.state = start_ = masks_->next(masks_->start(), wishes.prefix);
  if (place_.state == grammar::Automaton::dead)
    throw Error(Code::argument, "prefix: expected the beginning of a text of what the answer is bound to, found another one");
  if (close_.empty()) return;
  for (int32_t id = 0; id < masks_->vocabulary().size(); id++) {
    const std::string_view bytes = masks_->vocabulary().bytes(id);
    if (!bytes.empty() && is_space(bytes)) spaces_.push_back(id);
  }
  open_ = tokenizer.encode(wishes.open, true);
  place_.part = wishes.opened || open_.empty() ? Part::reasoning : Part::opening;
}

// Behind the closing mark: space, or the beginning of the bound text.
bool BoundText::follows(std::string_view rest) const {
  const size_t from = rest.find_first_not_of(space_marks);
  return from == std::string_view::npos || masks_->next(place_.state, rest.substr(from)) != grammar::Automaton::dead;
}

std::span<const uint64_t> BoundText::allowed() {
  if (place_.part == Part::reasoning) {
    allow_reasoning();
  } else if (place_.part == Part::bound && !canonical_here().empty()) {
    std::fill(allowed_.begin(), allowed_.end(), 0);
    allow(canonical_here()[0]);
  } else {
    if (place_.state == grammar::Automaton::dead)
      std::fill(allowed_.begin(), allowed_.end(), 0);
    else
      masks_->allow(place_.state, allowed_);
    if (place_.part == Part::opening) allow(open_[place_.tokens]);
    if (place_.part == Part::gap && place_.tokens < most_gap)
      for (const int32_t id : spaces_) allow(id);
  }
  return allowed_;
}

// Anything but an end, and but what ends the mark with other text than may follow.
void BoundText::allow_reasoning() {
  const grammar::Vocabulary& words = masks_->vocabulary();
  std::fill(allowed_.begin(), allowed_.end(), ~uint64_t{0});
  for (const int32_t id : words.ends()) refuse(id);
  const size_t open = begun(place_.tail, close_);
  if (open == 0) return;
  const std::string_view missing = std::string_view(close_).substr(open);
  for (int32_t id = 0; id < words.size(); id++) {
    const std::string_view piece = tokenizer_.piece(id, true);
    if (piece.size() > missing.size() && piece.starts_with(missing) && !follows(piece.substr(missing.size()))) refuse(id);
  }
}

void BoundText::take(int32_t id) {
  if (place_.part == Part::opening) {
    if (id == open_[place_.tokens]) {
      if (++place_.tokens == open_.size()) return void(place_ = {Part::reasoning, start_, 0, {}});
      if (place_.state != grammar::Automaton::dead) place_.state = masks_->next(place_.state, id);  // the text may begin so, too
      return;
    }
    place_.part = Part::bound;
  }
  if (place_.part == Part::gap) {
    if (place_.tokens < most_gap && std::binary_search(spaces_.begin(), spaces_.end(), id) &&
        masks_->next(place_.state, id) == grammar::Automaton::dead)
      return void(place_.tokens++);
    place_.part = Part::bound;
  }
  if (place_.part == Part::bound) return void(place_.state = masks_->next(place_.state, id));
  place_.tail += tokenizer_.piece(id, true);
  const size_t at = place_.tail.find(close_);
  if (at == std::string::npos) return void(place_.tail.erase(0, place_.tail.size() - begun(place_.tail, close_)));
  std::string_view rest = std::string_view(place_.tail).substr(at + close_.size());
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(space_marks)));
  place_ = {rest.empty() ? Part::gap : Part::bound, masks_->next(place_.state, rest), 0, {}};
}

// How many of what was given were chosen says how many are worth a row.
void BoundText::learn(std::span<const int32_t> chosen) {
  constexpr uint32_t longest_pause = 15;
  if (forced_.empty() || chosen.size() <= forced_at_) return;
  const std::span<const int32_t> since = chosen.subspan(forced_at_);
  const auto right =
      static_cast<size_t>(std::mismatch(since.begin(), since.end(), forced_.begin(), forced_.end()).second - forced_.begin());
  if (right == 0) {
    left_ = pause_ = std::min(longest_pause, 2 * pause_ + 1);
    most_forced_ = 1;
  } else {
    pause_ = 0;
    most_forced_ = right == std::min(since.size(), forced_.size()) ? std::min(most_forced, 2 * right) : right;
  }
}

// Of the bytes that must come here: the tokens into which the tokenizer cuts them.
std::vector<int32_t> BoundText::cut_of_forced() {
  constexpr size_t most_bytes = 256;
  const std::string bytes = masks_->forced(place_.state, most_bytes);
  if (bytes.empty()) return {};
  std::vector<int32_t> cut = tokenizer_.encode(bytes, false);
  if (cut.size() > most_forced) cut.resize(most_forced);
  grammar::Masks::State state = place_.state;
  const auto fits = [&](int32_t id) { return (state = masks_->next(state, id)) != grammar::Automaton::dead; };
  cut.erase(std::find_if_not(cut.begin(), cut.end(), fits), cut.end());
  if (canonical_ && !cut.empty() && !masks_->whole(state)) cut.pop_back();  // with what comes behind, it may be cut in other ways
  return cut;
}

const std::vector<int32_t>& BoundText::canonical_here() {
  if (canonical_ && only_at_ != place_.state) {
    only_ = cut_of_forced();
    only_at_ = place_.state;
  }
  return only_;
}

std::vector<int32_t> BoundText::forced(std::span<const int32_t> chosen) {
  if (canonical_) return place_.part == Part::bound ? canonical_here() : std::vector<int32_t>();
  learn(chosen);
  forced_.clear();
  if (place_.part != Part::bound || (left_ > 0 && left_-- > 0)) return {};
  forced_ = cut_of_forced();
  forced_at_ = chosen.size();
  if (forced_.size() > most_forced_) forced_.resize(most_forced_);
  return forced_;
}

MaskMaker::Ready BoundText::prepare(MaskMaker& maker) {
  constexpr size_t parts = 10'000;  // about half a millisecond
  if (place_.part == Part::reasoning || place_.state == grammar::Automaton::dead) return nullptr;
  if (place_.part == Part::bound && !canonical_here().empty()) return nullptr;
  return masks_->prepare(place_.state, parts) ? nullptr : maker.make(masks_, place_.state);
}

bool BoundText::whole() const {
  const bool begun = place_.part == Part::opening && place_.tokens > 0 && place_.state != grammar::Automaton::dead;
  return (begun || place_.part == Part::bound) && masks_->whole(place_.state);
}

bool BoundText::ended() const { return place_.part == Part::bound && masks_->ended(place_.state); }

}  // namespace lt::engine
