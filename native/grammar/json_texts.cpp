#include "grammar/json_texts.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "grammar/characters.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;

constexpr std::string_view short_escapes = "\b\f\n\r\t", their_letters = "bfnrt";

ByteSet either_case(uint32_t digit) {
  constexpr std::string_view low = "0123456789abcdef", high = "0123456789ABCDEF";
  ByteSet set;
  set.add(static_cast<uint8_t>(low[digit]));
  set.add(static_cast<uint8_t>(high[digit]));
  return set;
}

Expression escaped(Expressions& e, const CharSet& set, char quote) {
  ByteSet letters;
  for (const char c : {quote, '\\'})
    if (set.has(static_cast<char32_t>(c))) letters.add(static_cast<uint8_t>(c));
  for (size_t i = 0; i < short_escapes.size(); ++i)
    if (set.has(static_cast<char32_t>(short_escapes[i]))) letters.add(static_cast<uint8_t>(their_letters[i]));
  std::vector<Expression> ways{e.byte_of(letters)};
  for (uint32_t high = 0; high < 2; ++high) {
    ByteSet low;
    for (uint32_t digit = 0; digit < 16; ++digit)
      if (set.has(high << 4 | digit)) low = low | either_case(digit);
    ways.push_back(e.sequence(std::array{e.text("u00"), e.byte_of(either_case(high)), e.byte_of(low)}));
  }
  return e.sequence(e.text("\\"), e.either(ways));
}

CharSet must_be_escaped(char quote) {
  CharSet set = CharSet::range(0, 0x1f);
  set.add(CharSet::one(static_cast<char32_t>(quote)));
  set.add(CharSet::one('\\'));
  return set;
}

}  // namespace

Alphabet json_alphabet(Expressions& expressions, char quote) {
  const CharSet as_they_are = must_be_escaped(quote).inverted();
  return {expressions,
          [&expressions, as_they_are, quote](const CharSet& set) {
            return expressions.either(std::array{one_of(expressions, set.meeting(as_they_are)), escaped(expressions, set, quote)});
          },
          as_they_are};
}

namespace {

Expression digit(Expressions& e) { return e.byte_of(ByteSet::range('0', '9')); }
Expression maybe(Expressions& e, Expression what) { return e.either(std::array{Expressions::empty, what}); }

}  // namespace

Expression decimals(Expressions& e) {
  const Expression digits = e.repeat(digit(e), 0, Expressions::no_limit);
  const Expression whole = e.either(std::array{e.text("0"), e.sequence(e.byte_of(ByteSet::range('1', '9')), digits)});
  const Expression fraction = e.sequence(e.text("."), e.repeat(digit(e), 1, Expressions::no_limit));
  return e.sequence(std::array{maybe(e, e.text("-")), whole, maybe(e, fraction)});
}

Expression any_numbers(Expressions& e) {
  ByteSet mark, sign;
  for (const char c : {'e', 'E'}) mark.add(static_cast<uint8_t>(c));
  for (const char c : {'+', '-'}) sign.add(static_cast<uint8_t>(c));
  // As much of an exponent as leaves what a number of a few digits says within what a double holds.
  const Expression large = e.sequence(std::array{e.byte_of(ByteSet::range('1', '2')), digit(e), digit(e)});
  const Expression power = e.either(std::array{e.repeat(digit(e), 1, 2), large});
  return e.sequence(decimals(e), maybe(e, e.sequence(std::array{e.byte_of(mark), maybe(e, e.byte_of(sign)), power})));
}

}  // namespace lt::grammar
