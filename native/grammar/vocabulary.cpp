#include "grammar/vocabulary.h"

namespace lt::grammar {
namespace {

std::vector<std::string_view> bytes_of(const tokenize::Tokenizer& tokenizer) {
  std::vector<std::string_view> bytes(static_cast<size_t>(tokenizer.size()));
  for (int32_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.has_name(id) && !tokenizer.is_control(id) && !tokenizer.ends_generation(id))
      bytes[static_cast<size_t>(id)] = tokenizer.piece(id, false);
  return bytes;
}

}  // namespace

Vocabulary::Vocabulary(const tokenize::Tokenizer& tokenizer) : tokenizer_(tokenizer), bytes_(bytes_of(tokenizer)), tree_(bytes_) {
  for (int32_t id = 0; id < size(); ++id)
    if (tokenizer.ends_generation(id) && !tokenizer.ends_middle(id)) ends_.push_back(id);
  for (int32_t id = 0; id < size(); ++id) {
    if (!tokenizer.has_name(id) || !(tokenizer.is_control(id) || is_end(id))) continue;
    const std::string_view spelling = tokenizer.piece(id, true);
    if (spelling.empty()) continue;
    controls_.try_emplace(spelling, id);
    longest_control_ = std::max(longest_control_, spelling.size());
  }
}

std::vector<Vocabulary::Spelt> Vocabulary::spelt(std::string_view text) const {
  std::vector<Spelt> pieces;
  size_t from = 0;
  for (size_t at = 0; at < text.size();) {
    auto found = controls_.end();
    for (size_t length = std::min(longest_control_, text.size() - at); length > 0 && found == controls_.end(); --length)
      found = controls_.find(text.substr(at, length));
    if (found == controls_.end()) {
      ++at;
      continue;
    }
    if (at > from) pieces.push_back({text.substr(from, at - from)});
    pieces.push_back({found->first, found->second});
    from = at += found->first.size();
  }
  if (from < text.size()) pieces.push_back({text.substr(from)});
  return pieces;
}

std::optional<int32_t> Vocabulary::named(std::string_view text) const {
  const std::vector<int32_t> ids = tokenizer_.encode(text, true);
  return ids.size() == 1 ? std::optional(ids[0]) : std::nullopt;
}

}  // namespace lt::grammar
