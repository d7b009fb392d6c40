#include "grammar/parts.h"

#include <string>
#include <unordered_map>

#include "core/error.h"
#include "grammar/pattern.h"
#include "grammar/schema.h"
#include "grammar/token_numbers.h"

namespace lt::grammar {
namespace {

// What a schema and its writing say, as one text.
std::string key_of(const Part& part) {
  std::string key;
  const auto add = [&key](std::string_view text) { key.append(std::to_string(text.size())).append(":").append(text); };
  const auto flag = [&key](bool is) { key += is ? '1' : '0'; };
  const Writing& w = part.writing;
  for (const std::string_view text : {std::string_view(part.text), std::string_view(part.where), std::string_view(w.mark)}) add(text);
  key += static_cast<char>('0' + static_cast<int>(w.values));
  for (const bool is : {part.any_space, w.sorted, w.apart.has_value()}) flag(is);
  if (!w.apart) return key;
  const Properties& p = *w.apart;
  for (const std::string& text : {p.first, p.none, p.open, p.between, p.close}) add(text);
  for (const std::string& text : p.behind_key) add(text);
  for (const std::string& text : p.behind) add(text);
  for (const std::string& text : p.texts) add(text);
  for (const bool is : {p.raw, p.told, p.lines, p.literals}) flag(is);
  return key;
}

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

  // The same arguments stand in front of others and behind them.
  Expression schema(const Part& part) {
    const auto [known, made] = schemas_.try_emplace(key_of(part), Expressions::nothing);
    if (made) known->second = made_of(part);
    return known->second;
  }
  Expression made_of(const Part& part) {
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
  std::unordered_map<std::string, Expression> schemas_;
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
