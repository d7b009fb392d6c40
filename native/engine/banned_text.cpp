#include "engine/banned_text.h"

#include <algorithm>

namespace lt::engine {

void BannedText::add(Token& token) {
  token.clear = clear_;
  clear_ += now_.push(token.bytes).size();
}

void BannedText::push(std::string_view bytes) { add(waiting_.emplace_back(Token{std::string(bytes), 0})); }

// How many of the tokens that wait end within so many bytes of the text.
size_t BannedText::ending_within(size_t bytes) const {
  size_t n = 0;
  for (size_t end = before_; n < waiting_.size(); n++) {
    end += waiting_[n].bytes.size();
    if (end > bytes) break;
  }
  return n;
}

// A token that may be taken back brings back what could begin before it.
size_t BannedText::ready() const {
  size_t clear = clear_, n = ending_within(clear);
  for (size_t i = waiting_.size(); i-- > n;) {
    clear = std::min(clear, waiting_[i].clear);
    if (i == n) n = ending_within(clear);
  }
  return n;
}

std::optional<size_t> BannedText::found() const { return now_.met() ? std::optional(ending_within(clear_)) : std::nullopt; }

void BannedText::pop(size_t tokens) {
  for (size_t i = 0; i < tokens; i++) before_ += waiting_[i].bytes.size();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<int64_t>(tokens));
}

// What may begin a string begins in the tokens that wait: they are all that there is to see again.
void BannedText::keep(size_t tokens) {
  waiting_.erase(waiting_.begin() + static_cast<int64_t>(tokens), waiting_.end());
  now_ = fresh_;
  clear_ = before_;
  for (Token& token : waiting_) add(token);
}

}  // namespace lt::engine
