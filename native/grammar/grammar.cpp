#include "grammar/grammar.h"

#include "grammar/choices.h"
#include "grammar/lark.h"
#include "grammar/pattern.h"
#include "grammar/schema.h"

namespace lt::grammar {

std::shared_ptr<Grammar> Grammar::regex(std::string_view pattern) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) {
    const Expression texts = texts_of(parse_ecma(pattern), plain_alphabet(e), false);
    if (texts == Expressions::nothing) throw Error(Code::argument, "regular expression: it matches no text");
    return texts;
  }));
}

std::shared_ptr<Grammar> Grammar::gbnf(std::string_view grammar, const TokenNames& names) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) { return texts_of_gbnf(grammar, names, e); }));
}

std::shared_ptr<Grammar> Grammar::lark(std::string_view grammar, const TokenNames& names, SchemaOptions options) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) { return texts_of_lark(grammar, names, options, e); }));
}

std::shared_ptr<Grammar> Grammar::choices(std::span<const std::string> choices) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) { return one_of(e, choices); }));
}

std::shared_ptr<Grammar> Grammar::schema(std::string_view text, SchemaOptions options) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) { return texts_of_schema(text, options, e); }));
}

}  // namespace lt::grammar
