// Formats of strings (JSON Schema 2020-12, validation, section 7.3), and some that OpenAPI has.
#pragma once
#include <string_view>

#include "grammar/expressions.h"
#include "grammar/pattern.h"

namespace lt::grammar {

enum class FormatKind {
  unknown,   // nobody's that we know: by the standard it says nothing
  any,       // of a standard, and every string is right
  enforced,  // strings_of_format has its strings
  refused,   // of the standard, and no automaton of ours holds it
};
FormatKind kind_of_format(std::string_view name);
// The strings of a format that is enforced. Hostnames are without labels in Punycode (xn--), which only a table tells right from wrong.
Expression strings_of_format(std::string_view name, const Alphabet& letters);

}  // namespace lt::grammar
