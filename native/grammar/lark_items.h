// What stands in the definitions of a grammar in Lark's notation, read: alternatives, sequences and their parts.
#pragma once
#include <unordered_map>

#include "grammar/lark_pattern.h"
#include "grammar/lark_reader.h"
#include "grammar/lark_text.h"
#include "tokenize/char_set.h"

namespace lt::grammar {

class LarkItems : protected LarkText {
 protected:
  using ItemKind = LarkItem::Kind;

  LarkItems(std::string_view text, const TokenNames& names) : LarkText(text), names_(names) {}

  uint32_t symbol_of(std::string_view name, size_t at);  // made where it is not known yet
  LarkItem item_of(ItemKind kind, size_t at) const {
    LarkItem item{.kind = kind};
    item.at = at;
    return item;
  }
  // Alternatives. `nested`: in brackets, where lines may end anywhere.
  LarkItem choice(bool nested);
  LarkItem atom();

  LarkGrammar grammar_;

 private:
  static constexpr int most_nesting = 64;

  bool bar(bool nested);
  LarkItem way(bool nested);
  LarkItem sequence(bool nested);
  LarkItem repeated(LarkItem item);
  void limits(LarkItem& all);  // behind the opening brace
  void upper_limit(LarkItem& all);
  bool limits_at(size_t at) const;
  LarkItem group(std::string_view end);
  LarkItem literal(size_t at);  // behind the opening quote
  char32_t single(std::string_view text, size_t at) const;
  LarkItem pattern(size_t at);  // behind the opening slash
  LarkItem token(size_t at);    // behind the opening bracket: by its name, or by numbers
  std::pair<uint32_t, uint32_t> numbers();
  LarkItem structured();  // %regex, behind the word
  int kind_of(char32_t code) const;

  const TokenNames& names_;
  const tokenize::CharSet letters_ = word_letters();
  int nesting_ = 0;
  std::unordered_map<std::string, uint32_t> numbers_;
};

}  // namespace lt::grammar
