// Grammars in GBNF, as llama.cpp writes them: NAME ::= alternatives, of literals, sets of characters, names, groups, repetitions and
// tokens.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "grammar/expressions.h"

namespace lt::grammar {

// The token that a text with its angle brackets (<think>) is, if it is one.
using TokenNames = std::function<std::optional<int32_t>(std::string_view)>;

// The texts of the rule `root`. A token is <[5]>, by its number, or <think>, by its name; !<[5]> is one of any other text. Throws
// Code::argument for what is no grammar, has no text or names no token, Code::unsupported for left recursion, and for names of tokens where
// `names` is empty.
Expression texts_of_gbnf(std::string_view grammar, const TokenNames& names, Expressions& expressions);

}  // namespace lt::grammar
