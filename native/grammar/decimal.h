// Numbers as they are written in JSON, exactly, and the texts of numbers that a bound or a divisor lets through.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "grammar/expressions.h"

namespace lt::grammar {

// The value of a JSON number: +-digits x 10^-places, in its shortest form.
struct Decimal {
  bool negative = false;
  std::string whole = "0";  // without leading zeros
  std::string fraction;     // without trailing zeros

  // Throws Code::unsupported where more than 1,000 digits would be needed.
  static Decimal of(std::string_view written);
  bool zero() const { return whole == "0" && fraction.empty(); }
  bool operator==(const Decimal&) const = default;
};

// All texts of `decimals` (without an exponent) whose value is b; above b; at least b. The texts of one value are in all or in none of
// them.
Expression equal_to(Expressions& expressions, const Decimal& b);
Expression above(Expressions& expressions, const Decimal& b);
Expression at_least(Expressions& expressions, const Decimal& b);
// Those without a fraction but zeros.
Expression whole_numbers(Expressions& expressions);
// Multiples of step, which is above 0; `whole`: those without a fraction but zeros. Throws Code::unsupported for a step of more than 18
// digits.
Expression multiples(Expressions& expressions, const Decimal& step, bool whole);

}  // namespace lt::grammar
