// JSON Schemas (2020-12, draft-07) as expressions over the bytes of their valid JSON texts.
#pragma once
#include <string_view>

#include "grammar/expressions.h"
#include "grammar/grammar.h"
#include "grammar/writing.h"

namespace lt::grammar {

// The texts that are valid, keys in the order of the schema, then those that it only requires, then others. Throws SchemaError for what
// cannot be enforced or is no schema, and where no text is valid.
// Values are written as JSON, unless `writing` says otherwise, whose texts `spell` spells.
Expression texts_of_schema(std::string_view schema, SchemaOptions options, Expressions& expressions, const Writing& writing = {},
                           const Spell& spell = {});

}  // namespace lt::grammar
