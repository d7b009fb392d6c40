#include "grammar/parts.h"

#include "core/error.h"
#include "grammar/pattern.h"
#include "grammar/schema.h"
#include "grammar/token_numbers.h"

namespace lt::grammar {
namespace {

class PartTexts {
 public:
  PartTexts(Expressions& expressions, SchemaOptions options, const Vocabulary& vocabulary)
      : e_(expressions), options_(options), vocabulary_(vocabulary), spell_([this](std::string_view text) { return spelt(text, false); }) {}

  Expression of(const Part& part) {
    switch (part.kind) {
      case Part::Kind::text:
        return spelt(part.text, false);
      case Part::Kind::end:
        return spelt(part.text, true);
      case Part::Kind::pattern:
        return texts_of(parse_ecma(part.text), plain_alphabet(e_), false);
      case Part::Kind::schema:
        return schema(part);
      case Part::Kind::sequence:
        return e_.sequence(inner(part));
      case Part::Kind::choice:
        return e_.either(inner(part));
      case Part::Kind::repeat:
        return e_.repeat(e_.sequence(inner(part)), 0, Expressions::no_limit);
    }
    return Expressions::nothing;
  }

 private:
  std::vector<Expression> inner(const Part& part) {
    std::vector<Expression> made;
    for (const Part& each : part.parts) made.push_back(of(each));
    return made;
  }

  Expression schema(const Part& part) {
    try {
      return texts_of_schema(part.text, {options_.draft7, part.any_space}, e_, part.writing, spell_);
    } catch (const SchemaError& e) {
      if (part.where.empty()) throw;
      throw SchemaError(e.keyword(), e.pointer(), part.where + ": " + e.what());
    }
  }

  Expression spelt(std::string_view text, bool may_end) {
    std::vector<Expression> made;
    for (const Vocabulary::Spelt& piece : vocabulary_.spelt(text)) {
      if (piece.id >= 0 && vocabulary_.is_end(piece.id)) {
        if (!may_end) return Expressions::nothing;
        break;
      }
      made.push_back(piece.id >= 0 ? token_of(e_, static_cast<uint32_t>(piece.id)) : e_.text(piece.text));
    }
    return e_.sequence(made);
  }

  Expressions& e_;
  const SchemaOptions options_;
  const Vocabulary& vocabulary_;
  const Spell spell_;
};

}  // namespace

std::shared_ptr<Grammar> grammar_of(const Part& whole, SchemaOptions options, const Vocabulary& vocabulary) {
  return Grammar::of([&](Expressions& e) {
    const Expression made = PartTexts(e, options, vocabulary).of(whole);
    if (made == Expressions::nothing) throw Error(Code::unsupported, "grammar: what the text is made of has tokens in it that end a text");
    return made;
  });
}

}  // namespace lt::grammar
