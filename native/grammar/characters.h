// Characters as UTF-8, and sets of them as expressions over their bytes.
#pragma once

#include "grammar/expressions.h"
#include "tokenize/char_set.h"

namespace lt::grammar {

// One character of the set; surrogates are none.
Expression one_of(Expressions& expressions, const tokenize::CharSet& set);
// Texts that are UTF-8.
Expression any_text(Expressions& expressions);

}  // namespace lt::grammar
