#include "tokenize/user_symbols.h"

#include "tokenize/spelling.h"

namespace lt::tokenize {

UserSymbols::UserSymbols(const Vocabulary& vocabulary) {
  for (int32_t id = 0; id < vocabulary.size(); ++id)
    if (vocabulary.is_symbol(id) && !vocabulary.text(id).empty()) ids_.push_back(id);
  spelt_.resize(ids_.size());
  for (size_t i = 0; i < ids_.size(); ++i) {
    spell_spaces(vocabulary.text(ids_[i]), spelt_[i]);
    trie_.add(spelt_[i], ids_[i]);
  }
  trie_.build();
}

UserSymbols::Found UserSymbols::longest(std::string_view text, size_t at) const {
  Found found;
  if (!empty()) trie_.walk(text, at, [&](size_t bytes, int32_t id) { found = {bytes, id}; });
  return found;
}

}  // namespace lt::tokenize
