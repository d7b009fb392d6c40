#include "engine/banned_text.h"

#include <utility>

namespace lt::engine {

void BannedText::push(std::string_view bytes) {
  waiting_.emplace_back(bytes);
  released_ += now_.push(bytes).size();
}

size_t BannedText::ready() const {
  size_t n = 0;
  for (size_t end = before_; n < waiting_.size(); n++) {
    end += waiting_[n].size();
    if (end > released_) break;
  }
  return n;
}

std::optional<size_t> BannedText::found() const { return now_.met() ? std::optional(ready()) : std::nullopt; }

void BannedText::pop(size_t tokens) {
  for (size_t i = 0; i < tokens; i++) before_ += waiting_[i].size();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<int64_t>(tokens));
}

// What may begin a string begins in the tokens that wait: they are all that there is to see again.
void BannedText::keep(size_t tokens) {
  waiting_.resize(tokens);
  now_ = fresh_;
  released_ = before_;
  for (const std::string& bytes : waiting_) released_ += now_.push(bytes).size();
}

}  // namespace lt::engine
