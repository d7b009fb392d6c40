#include "grammar/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "grammar/json_texts.h"

namespace lt::grammar {
namespace {

constexpr size_t most_digits = 1000;

Expression one_digit(Expressions& e, char first = '0', char last = '9') {
  return first > last ? Expressions::nothing : e.byte_of(ByteSet::range(static_cast<uint8_t>(first), static_cast<uint8_t>(last)));
}
Expression some_digits(Expressions& e, uint32_t least, uint32_t most) { return e.repeat(one_digit(e), least, most); }
Expression zeros(Expressions& e, uint32_t least) { return e.repeat(e.text("0"), least, Expressions::no_limit); }
Expression any_fraction(Expressions& e) {
  return e.either(std::array{Expressions::empty, e.sequence(e.text("."), some_digits(e, 1, Expressions::no_limit))});
}
Expression no_fraction(Expressions& e) { return e.either(std::array{Expressions::empty, e.sequence(e.text("."), zeros(e, 1))}); }

// Digits that are greater than those of `than` at the first place where they differ; behind it anything of `rest` for each place.
Expression greater_digits(Expressions& e, std::string_view than, bool all_places) {
  Expression made = Expressions::nothing;
  for (size_t i = than.size(); i > 0; --i) {
    const char d = than[i - 1];
    const auto behind = static_cast<uint32_t>(than.size() - i);
    const Expression rest = all_places ? some_digits(e, behind, behind) : some_digits(e, 0, Expressions::no_limit);
    const Expression more = e.sequence(one_digit(e, static_cast<char>(d + 1)), rest);
    made = e.either(std::array{more, e.sequence(one_digit(e, d, d), made)});
  }
  return made;
}

// Of numbers without a sign: those above |b|.
Expression above_unsigned(Expressions& e, const Decimal& b) {
  const auto places = static_cast<uint32_t>(b.whole.size());
  const Expression longer = e.sequence(one_digit(e, '1'), some_digits(e, places, Expressions::no_limit));
  const Expression larger = greater_digits(e, b.whole, true);
  std::vector<Expression> ways{e.sequence(e.either(std::array{longer, larger}), any_fraction(e))};
  // The same before the point. The fraction goes on behind b's digits with something but zeros, or is greater in one of them.
  const Expression beyond =
      e.sequence(std::array{e.text(b.fraction), zeros(e, 0), one_digit(e, '1'), some_digits(e, 0, Expressions::no_limit)});
  ways.push_back(e.sequence(std::array{e.text(b.whole), e.text("."), e.either(std::array{greater_digits(e, b.fraction, false), beyond})}));
  return e.either(ways);
}

Expression equal_unsigned(Expressions& e, const Decimal& b) {
  if (b.fraction.empty()) return e.sequence(e.text(b.whole), no_fraction(e));
  return e.sequence(std::array{e.text(b.whole), e.text("."), e.text(b.fraction), zeros(e, 0)});
}

Expression unsigned_decimals(Expressions& e) {
  const Expression long_ones = e.sequence(one_digit(e, '1'), some_digits(e, 0, Expressions::no_limit));
  return e.sequence(e.either(std::array{e.text("0"), long_ones}), any_fraction(e));
}

Expression below_unsigned(Expressions& e, const Decimal& b) {
  return e.both(std::array{unsigned_decimals(e), e.except(e.either(std::array{above_unsigned(e, b), equal_unsigned(e, b)}))});
}

Expression negative(Expressions& e, Expression magnitude) { return e.sequence(e.text("-"), magnitude); }

}  // namespace

Decimal Decimal::of(std::string_view written) {
  Decimal made;
  made.negative = written.starts_with('-');
  if (made.negative) written.remove_prefix(1);
  const size_t mark = std::min(written.find_first_of("eE"), written.size());
  int64_t power = 0;
  if (mark < written.size()) {
    std::string_view digits = written.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), power).ec != std::errc()) power = INT32_MAX;
  }
  std::string_view plain = written.substr(0, mark);
  const size_t point = std::min(plain.find('.'), plain.size());
  std::string digits(plain.substr(0, point));
  if (point < plain.size()) digits += plain.substr(point + 1);
  int64_t places = static_cast<int64_t>(point) + power;  // of digits before the point
  const size_t lead = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, lead);
  places -= static_cast<int64_t>(lead);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.empty()) return {};
  const int64_t limit = most_digits;
  if (places > limit || places < -limit || static_cast<int64_t>(digits.size()) > limit)
    throw Error(Code::unsupported, "number: expected at most 1,000 digits, found " + shown(written));
  if (places <= 0) {
    made.fraction = std::string(static_cast<size_t>(-places), '0') + digits;
  } else if (places >= static_cast<int64_t>(digits.size())) {
    made.whole = digits + std::string(static_cast<size_t>(places) - digits.size(), '0');
  } else {
    made.whole = digits.substr(0, static_cast<size_t>(places));
    made.fraction = digits.substr(static_cast<size_t>(places));
  }
  return made;
}

Expression equal_to(Expressions& e, const Decimal& b) {
  const Expression plain = equal_unsigned(e, b);
  if (b.zero()) return e.either(std::array{plain, negative(e, plain)});
  return b.negative ? negative(e, plain) : plain;
}

Expression above(Expressions& e, const Decimal& b) {
  if (b.zero() || !b.negative) return above_unsigned(e, b);
  return e.either(std::array{unsigned_decimals(e), negative(e, below_unsigned(e, b))});
}

Expression at_least(Expressions& e, const Decimal& b) { return e.either(std::array{above(e, b), equal_to(e, b)}); }

Expression whole_numbers(Expressions& e) {
  const Expression long_ones = e.sequence(one_digit(e, '1'), some_digits(e, 0, Expressions::no_limit));
  return e.sequence(std::array{e.repeat(e.text("-"), 0, 1), e.either(std::array{e.text("0"), long_ones}), no_fraction(e)});
}

Expression multiples(Expressions& e, const Decimal& step, bool whole) {
  using Reading = Expressions::Reading;
  std::string digits = step.whole + step.fraction;
  digits.erase(0, digits.find_first_not_of('0'));
  uint64_t divisor = 0;
  if (digits.size() > 18 || std::from_chars(digits.data(), digits.data() + digits.size(), divisor).ec != std::errc())
    throw Error(Code::unsupported, "expected at most 18 digits");
  auto places = static_cast<uint32_t>(step.fraction.size());
  if (whole) {
    // x times 10^places is divided by it exactly where x is by what it does not share with 10^places.
    for (; places > 0; --places)
      for (const uint64_t prime : {2, 5})
        if (divisor % prime == 0) divisor /= prime;
  }
  std::vector<Expression> ways{e.sequence(e.text("0"), e.divided(divisor, 0, places, Reading::zero))};
  for (char d = '1'; d <= '9'; ++d)
    ways.push_back(e.sequence(one_digit(e, d, d), e.divided(divisor, static_cast<uint64_t>(d - '0') % divisor, places, Reading::whole)));
  return e.sequence(e.repeat(e.text("-"), 0, 1), e.either(ways));
}

}  // namespace lt::grammar
