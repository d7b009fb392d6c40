// What terminals of a grammar in Lark's notation are, as expressions.
#pragma once
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/lark_reader.h"
#include "tokenize/char_set.h"

namespace lt::grammar {

class LarkTerminals {
 public:
  // All of them outlive it.
  LarkTerminals(std::string_view text, const LarkGrammar& grammar, SchemaOptions schemas, Expressions& expressions);

  Expression of(const LarkItem& item);
  Expression of_symbol(uint32_t symbol);  // a terminal, or a rule that is `lazy`
  // In place of all terminals in what a rule says: the expressions that they are.
  void make(LarkItem& item);

 private:
  // Frames of this and of all that it calls fit a thread's stack.
  static constexpr uint32_t most_depth = 200;

  Expression made(const LarkItem& item);
  Expression choice(const LarkItem& item);
  Expression literal(const LarkItem& item);
  Expression pattern(const LarkItem& item);
  Expression token(const LarkItem& item);
  Expression json(const LarkItem& item);
  Expression pieces(const LarkItem& item);
  Expression shortest(Expression e);  // its texts that begin with no other of them

  const std::string_view text_;
  const LarkGrammar& grammar_;
  const SchemaOptions schemas_;
  Expressions& e_;
  std::vector<std::optional<Expression>> known_;  // by symbol
  std::vector<bool> inside_;
  std::unordered_map<char32_t, Expression> any_case_;
  uint32_t depth_ = 0;
};

}  // namespace lt::grammar
