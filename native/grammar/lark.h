// Grammars in Lark's notation, as lark-parser and llguidance have it: rules in lower case, terminals in upper case, from the rule `start`.
#pragma once
#include <string_view>

#include "grammar/expressions.h"
#include "grammar/grammar.h"

namespace lt::grammar {

// The texts of the rule `start`, as a context-free grammar over characters; what %ignore names may stand before, between and behind its
// terminals. Rules may call themselves before anything else. schemas: how %json is read. Throws what read_lark throws, SchemaError for
// %json, Code::argument where there is no text.
Expression texts_of_lark(std::string_view grammar, const TokenNames& names, SchemaOptions schemas, Expressions& expressions);

}  // namespace lt::grammar
