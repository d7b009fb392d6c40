// What JSON texts (RFC 8259) are made of. Strings are spoken of without their quotes, as all the ways to write a value of them: so are they
// intersected and complemented. Of the escapes that need not be, none is written.
#pragma once
#include <string_view>

#include "grammar/expressions.h"
#include "grammar/pattern.h"

namespace lt::grammar {

Alphabet json_alphabet(Expressions& expressions, char quote = '"');  // the other quote stands as it is
// Numbers with a fraction or without, but without an exponent; and any.
Expression decimals(Expressions& expressions);
Expression any_numbers(Expressions& expressions);

}  // namespace lt::grammar
