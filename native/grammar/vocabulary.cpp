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
}

std::optional<int32_t> Vocabulary::named(std::string_view text) const {
  const std::vector<int32_t> ids = tokenizer_.encode(text, true);
  return ids.size() == 1 ? std::optional(ids[0]) : std::nullopt;
}

}  // namespace lt::grammar
