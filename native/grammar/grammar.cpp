#include "grammar/grammar.h"

#include "grammar/choices.h"
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

std::shared_ptr<Grammar> Grammar::choices(std::span<const std::string> choices) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) { return one_of(e, choices); }));
}

std::shared_ptr<Grammar> Grammar::schema(std::string_view text, SchemaOptions options) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) { return texts_of_schema(text, options, e); }));
}

std::shared_ptr<Grammar> Grammar::pieces(std::span<const std::vector<Piece>> lists, SchemaOptions options) {
  return std::shared_ptr<Grammar>(new Grammar([&](Expressions& e) {
    std::vector<Expression> ways;
    for (const std::vector<Piece>& list : lists) {
      std::vector<Expression> parts;
      for (const Piece& piece : list) parts.push_back(piece.schema ? texts_of_schema(piece.text, options, e) : e.text(piece.text));
      ways.push_back(e.sequence(parts));
    }
    return e.either(ways);
  }));
}

}  // namespace lt::grammar
