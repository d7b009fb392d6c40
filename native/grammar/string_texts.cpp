#include "grammar/string_texts.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "grammar/characters.h"
#include "grammar/choices.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;

CharSet of(std::u32string_view characters) {
  CharSet set;
  for (const char32_t c : characters) set.add(CharSet::one(c));
  return set;
}

// White space as JavaScript has it, which reads what is written.
CharSet blank_letters() {
  CharSet set = of(U" \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff");
  set.add(CharSet::range(0x2000, 0x200a));
  return set;
}

// Keys that need no quotes, whatever stands around them, and are not so long that nobody would look for their end.
Expression bare_keys(Expressions& e, bool python) {
  constexpr uint32_t longest = 100;
  CharSet none = blank_letters();
  none.add(CharSet::range(0, 0x1f));
  none.add(of(U"\"'<>=:,()[]{}\\"));
  CharSet first = none;
  if (python) first.add(of(U"0123456789-"));
  return e.sequence(one_of(e, first.inverted()), e.repeat(one_of(e, none.inverted()), 0, longest - 1));
}

// Texts that are no value of another kind, however forgivingly they are read.
Expression no_values(Expressions& e) {
  CharSet none = blank_letters();
  none.add(of(U"{[\"'-+.0123456789"));
  const Expression any = any_text(e);
  const Expression text = e.either(std::array{Expressions::empty, e.sequence(one_of(e, none.inverted()), any)});
  const Expression literals = either_of(e, {"true", "false", "null", "True", "False", "None"});
  return e.both(std::array{text, e.except(e.sequence(literals, e.repeat(one_of(e, blank_letters()), 0, Expressions::no_limit)))});
}

}  // namespace

StringTexts::StringTexts(SchemaReader& reader, ValueSets& json, const Writing& writing, const Spell& spell)
    : reader_(reader),
      json_(json),
      writing_(writing),
      e_(json.expressions()),
      quote_(e_.text("\"")),
      single_quote_(e_.text("'")),
      mark_(writing.mark.empty() ? Expressions::empty : spell(writing.mark)),
      open_(writing.values == Writing::Values::json ? quote_ : Expressions::empty),
      bare_(Expressions::nothing),
      no_value_(Expressions::nothing) {
  if (writing.apart || marked()) bare_ = bare_keys(e_, writing.values == Writing::Values::python);
  if (writing.apart) no_value_ = no_values(e_);
}

const std::string& StringTexts::close() const {
  static const std::string none;
  return writing_.apart ? writing_.apart->close : none;
}

Expression StringTexts::as_they_are(const Conjunction& all) {
  if (!plain_) plain_.emplace(reader_, plain_alphabet(e_));
  return plain_->schemas.of(all).strings;
}

// A marker's end is not its beginning: it is in no text that ends where it begins.
Expression StringTexts::without(Expression strings, const std::string& text) {
  if (text.empty()) return strings;
  return e_.both(std::array{strings, e_.except(e_.sequence(std::array{Expressions::anything, e_.text(text), Expressions::anything}))});
}

Expression StringTexts::value(const Conjunction& all, Expression json, bool quoted) {
  const Expression usual = between(quote_, without(json, close()));
  if (quoted || writing_.values == Writing::Values::json) return usual;
  if (marked()) return between(mark_, without(as_they_are(all), writing_.mark));
  if (!single_) single_.emplace(reader_, json_alphabet(e_, '\''));
  return e_.either(std::array{usual, between(single_quote_, without(single_->schemas.of(all).strings, close()))});
}

Expression StringTexts::apart(const Conjunction& all, Expression json, bool text) {
  if (!writing_.apart->raw) return value(all, json);
  const Expression raw = without(as_they_are(all), close());
  return text ? raw : e_.either(std::array{e_.both(std::array{raw, no_value_}), value(all, json)});
}

Expression StringTexts::key(const std::string& name) {
  const Expression written = json_.string(name);
  switch (writing_.values) {
    case Writing::Values::json:
      return e_.sequence(without(written, close()), quote_);
    case Writing::Values::python:
      return e_.either(std::array{between(quote_, written), between(single_quote_, json_alphabet(e_, '\'').text(name))});
    case Writing::Values::marked:
      break;
  }
  const Expression bare = e_.both(std::array{e_.text(name), bare_});
  return bare != Expressions::nothing ? bare : between(mark_, without(e_.text(name), writing_.mark));
}

Expression StringTexts::keys(Expression json) {
  if (marked()) return keys_apart(json);
  const Expression inner = e_.sequence(without(json, close()), quote_);
  return writing_.values == Writing::Values::json ? inner : e_.sequence(quote_, inner);
}

Expression StringTexts::key_apart(const std::string& name) {
  const Expression bare = e_.both(std::array{e_.text(name), bare_});
  if (bare == Expressions::nothing)
    throw SchemaError("properties", "", "schema: the key " + shown(name) + " cannot be written in a call as this model writes them");
  return bare;
}

// Where JSON escapes nothing, a key is written as it is.
Expression StringTexts::keys_apart(Expression json) { return e_.both(std::array{json, bare_}); }

}  // namespace lt::grammar
