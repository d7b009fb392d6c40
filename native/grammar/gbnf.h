// Grammars in GBNF, as llama.cpp writes them: NAME ::= alternatives, of literals, sets of characters, names, groups and repetitions.
#pragma once
#include <string_view>

#include "grammar/expressions.h"

namespace lt::grammar {

// The texts of the rule `root`. Throws Code::argument for what is no grammar, or has no text; Code::unsupported for left recursion and for
// references to tokens.
Expression texts_of_gbnf(std::string_view grammar, Expressions& expressions);

}  // namespace lt::grammar
